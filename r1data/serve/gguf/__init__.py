"""GGUF: a model as the one file that llama.cpp and Ollama read, and how each quantisation of it fares."""
