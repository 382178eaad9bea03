"""Serving a model: vLLM's OpenAI server in a child process, behind a front that bounds, budgets and counts.

    client ── front (Starlette, uvicorn) ── Unix socket ── vLLM, under a supervisor

`run` puts it together; `app` has the endpoints, `exchange` what they have in common, `relay` the requests
that pass through as they are, `budgeted` and `spend` those with a budget; `upstream` and `backend` are the
other side. `gguf/` writes a model as files for Ollama.
"""
