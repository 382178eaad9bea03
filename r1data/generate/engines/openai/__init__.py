"""OpenAI-compatible servers: `engine` asks, `endpoints` chooses, `limits` paces, `check` reads back."""
