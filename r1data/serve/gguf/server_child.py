"""llama.cpp's server: `python -m r1data.serve.gguf.server_child FILE CONTEXT_TOKENS SLOTS`.

It listens on a free port of 127.0.0.1, says its address on stdout, and ends when stdin does. What a request
does not name is off, since llama.cpp would else leave out rare tokens (top-k 40, min-p 0.05) that the
student's recipe does not leave out; thoughts stay in the content, as the model wrote them.
"""

import os
import sys

import xllamacpp

from r1data.process import cores


def main(file: str, context_tokens: str, slots: str) -> None:
    """Serve until nobody holds stdin any more."""
    params = xllamacpp.CommonParams()
    params.model.path = file
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.n_parallel = int(slots)
    params.n_ctx = int(context_tokens) * int(slots)
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = cores()
    params.sampling.top_k, params.sampling.min_p = 0, 0.0
    params.reasoning_format = xllamacpp.common_reasoning_format.COMMON_REASONING_FORMAT_NONE
    params.force_pure_content_parser = True
    params.ui = False
    server = xllamacpp.Server(params)
    print(server.listening_address, flush=True)
    sys.stdin.read()
    os._exit(0)  # the library's own end waits for connections that clients keep open


if __name__ == "__main__":
    main(*sys.argv[1:])
