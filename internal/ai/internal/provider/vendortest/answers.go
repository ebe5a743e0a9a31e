package vendortest

// OpenAI is a streamed answer as api.openai.com gives it: the text is "Good über
// "all"", of 10 tokens after 19.
const OpenAI = `data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"model":"m","system_fingerprint":null,"choices":[{"index":0,"delta":{"role":"assistant","content":"","refusal":null},"logprobs":null,"finish_reason":null}],"usage":null,"obfuscation":"aB3"}

data: {"id":"chatcmpl-1","object":"chat.completion.chunk","choices":[{"index":0,"delta":{"content":"Good "},"logprobs":null,"finish_reason":null}],"usage":null}

data: {"id":"chatcmpl-1","object":"chat.completion.chunk","choices":[{"index":0,"delta":{"content":"\u00fcber \"all\""},"finish_reason":null}],"usage":null}

data: {"id":"chatcmpl-1","object":"chat.completion.chunk","choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"usage":null}

data: {"id":"chatcmpl-1","object":"chat.completion.chunk","choices":[],"usage":{"prompt_tokens":19,"completion_tokens":10,"total_tokens":29,"completion_tokens_details":{"reasoning_tokens":0}}}

data: [DONE]

`

// Embeddings is two vectors as api.openai.com gives them, the second first.
const Embeddings = `{"object":"list","data":[{"object":"embedding","index":1,"embedding":[0.5,-0.25]},{"object":"embedding","index":0,"embedding":[1,2]}],` +
	`"model":"m","usage":{"prompt_tokens":8,"total_tokens":8}}`

// What refusals of the two look like.
const (
	OpenAIRefusal    = `{"error":{"message":"Incorrect API key provided.","type":"invalid_request_error","param":null,"code":"invalid_api_key"}}`
	AnthropicRefusal = `{"type":"error","error":{"type":"authentication_error","message":"invalid x-api-key"},"request_id":"req_1"}`
)

// The parts of a streamed answer as api.anthropic.com gives it, and the whole:
// the text is "Good über "all"", of 15 tokens after 25.
const (
	AnthropicStart = "event: message_start\n" + `data: {"type":"message_start","message":{"id":"msg_1","type":"message","role":"assistant","content":[],"model":"claude-x",` +
		`"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":25,"cache_read_input_tokens":0,"output_tokens":1}}}` + "\n\n"
	AnthropicBlock = "event: content_block_start\n" + `data: {"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}` + "\n\n"
	AnthropicPing  = "event: ping\n" + `data: {"type": "ping"}` + "\n\n"
	AnthropicText  = "event: content_block_delta\n" + `data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Good "}}` + "\n\n" +
		"event: content_block_delta\n" + `data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"\u00fcber \"all\""}}` + "\n\n"
	AnthropicStop = "event: content_block_stop\n" + `data: {"type":"content_block_stop","index":0}` + "\n\n"
	AnthropicEnd  = "event: message_delta\n" + `data: {"type":"message_delta","delta":{"stop_reason":"end_turn","stop_sequence":null},"usage":{"output_tokens":15}}` + "\n\n"
	AnthropicLast = "event: message_stop\n" + `data: {"type":"message_stop"}` + "\n\n"

	Anthropic = AnthropicStart + AnthropicBlock + AnthropicPing + AnthropicText + AnthropicStop + AnthropicEnd + AnthropicLast
)
