package identity

// Hashes counts the passwords that were hashed or compared: the work that a
// stranger could measure.
func (s *Service) Hashes() int64 { return s.count.Load() }
