"""What the front of `r1data serve` adds to vLLM's own latency, on the embedded model.

    python -m bench.serve --rounds 5

One vLLM, asked directly on its socket and through the front, in interleaved rounds of 16 requests at once, as
streams and not. The front runs in a process of its own, as it is served.
"""

import argparse
import asyncio
import statistics
import subprocess
import sys
import time
from pathlib import Path

import aiohttp
import orjson
import psutil

from bench.measure import spread
from r1data.generate.fetch import DEFAULT_MODEL
from r1data.serve.address import listen
from r1data.serve.backend import Vllm, find, token_counter
from r1data.serve.run import server_of
from r1data.serve.serving import Serving
from r1data.serve.slots import Slots
from r1data.serve.upstream import CHAT, Upstream

AT_ONCE, CONTEXT = 16, 2048
START_S = 300


def main() -> None:
    """Run the rounds and print what they took."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--requests", type=int, default=32, help="of a round")
    parser.add_argument("--tokens", type=int, default=256, help="of an answer")
    parser.add_argument("--front", nargs=2, metavar=("SOCKET", "PORT"), help="be the front")
    chosen = parser.parse_args()
    if chosen.front:
        asyncio.run(be_the_front(Path(chosen.front[0]), int(chosen.front[1])))
        return
    with listen("127.0.0.1", 0) as free:
        port = free.getsockname()[1]
    with Vllm(find(DEFAULT_MODEL), slots=AT_ONCE, context_tokens=CONTEXT, flags=()) as vllm:
        command = [sys.executable, "-m", "bench.serve", "--front", str(vllm.socket), str(port)]
        front = subprocess.Popen(command)
        try:
            asyncio.run(rounds(vllm, port, psutil.Process(front.pid), chosen))
        finally:
            front.terminate()
            front.wait()


async def be_the_front(socket: Path, port: int) -> None:
    """Serve a vLLM that another process started."""
    serving = Serving(Upstream(socket), Slots(AT_ONCE, 256), token_counter(find(DEFAULT_MODEL).model))
    serving.waits_for = None
    async with serving.upstream:
        with listen("127.0.0.1", port) as door:
            await server_of(serving).serve(sockets=[door])


async def rounds(vllm: Vllm, port: int, front: psutil.Process, chosen: argparse.Namespace) -> None:
    """Ask both, in turn, each first as often as the other."""
    direct = aiohttp.ClientSession(connector=aiohttp.UnixConnector(str(vllm.socket), limit=0))
    through = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))
    addresses = {"direct": (direct, "http://vllm"), "front": (through, f"http://127.0.0.1:{port}")}
    async with direct, through:
        await until_ready(vllm, direct)
        for stream in (False, True):
            for client, url in addresses.values():  # warm up
                await one_round(client, url, chosen, stream=stream)
            p50: dict[str, list[float]] = {name: [] for name in addresses}
            cpu_s, n_requests = 0.0, 0
            for number in range(chosen.rounds):
                for name in sorted(addresses, reverse=bool(number % 2)):
                    before = sum(front.cpu_times()[:2])
                    times = await one_round(*addresses[name], chosen, stream=stream)
                    p50[name].append(statistics.median(times))
                    if name == "front":
                        cpu_s += sum(front.cpu_times()[:2]) - before
                        n_requests += len(times)
            ratios = [through / direct for direct, through in zip(p50["direct"], p50["front"], strict=True)]
            print(
                f"{'streams' if stream else 'whole answers'}, {AT_ONCE} at once, {chosen.tokens} tokens each:"
            )
            for name, seconds in p50.items():
                print(f"  p50 {name:6} {spread(seconds, 3)} s")
            print(f"  front / direct {spread(ratios, 3)}; of the medians ", end="")
            print(f"{statistics.median(p50['front']) / statistics.median(p50['direct']):.3f}")
            print(f"  CPU of the front: {1000 * cpu_s / n_requests:.1f} ms per request", flush=True)


async def until_ready(vllm: Vllm, client: aiohttp.ClientSession) -> None:
    """Wait until vLLM answers."""
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        if error := vllm.ended():
            raise error
        try:
            async with client.get("http://vllm/health") as answer:
                if answer.status == 200:
                    return
        except (aiohttp.ClientError, OSError):
            pass  # it is not listening yet
        await asyncio.sleep(0.5)
    sys.exit(f"vLLM did not answer within {START_S} s; its log is {vllm.log}")


async def one_round(
    client: aiohttp.ClientSession, url: str, chosen: argparse.Namespace, *, stream: bool
) -> list[float]:
    """Seconds of every request; all prompts are new, so that no cache of prefixes helps."""
    left = iter(range(chosen.requests))
    times = list[float]()

    async def worker() -> None:
        for number in left:
            text = f"{time.time_ns()} {number}: tell me a long story about the sea."
            body = {
                "messages": [{"role": "user", "content": text}],
                "max_tokens": chosen.tokens,
                "ignore_eos": True,
                "stream": stream,
            }
            began = time.perf_counter()
            headers = {"Content-Type": "application/json"}
            async with client.post(url + CHAT, data=orjson.dumps(body), headers=headers) as answer:
                said = await answer.read()
            assert answer.status == 200, said
            times.append(time.perf_counter() - began)

    await asyncio.gather(*(worker() for _ in range(AT_ONCE)))
    return times


if __name__ == "__main__":
    main()
