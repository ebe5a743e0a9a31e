// Package arch is no code, only tests: who may import whom, who may make a
// scope, who owns which table, who may ask the machine for the time. What a
// convention asks for, this makes sure of.
//
// A new package is given its place in floors, in review. Each rule is shown in
// crimes_test.go to say no to the crime that it is there to stop.
package arch
