import aiohttp

from controlplane.service import free_ports
from tenantry.controllers.health import Health


async def test_probes_say_what_passes_and_what_fails() -> None:
    (port,) = free_ports(1)
    health = Health(live={"engine": lambda: True}, ready={"store": lambda: False, "watches": lambda: True})
    await health.start("127.0.0.1", port)
    async with aiohttp.ClientSession() as session:
        async with session.get(f"http://127.0.0.1:{port}/livez") as reply:
            assert (reply.status, await reply.text()) == (200, "ok engine\n")
        async with session.get(f"http://127.0.0.1:{port}/readyz") as reply:
            assert (reply.status, await reply.text()) == (503, "failed store\nok watches\n")
        async with session.get(f"http://127.0.0.1:{port}/metrics") as reply:
            assert reply.status == 200
            assert "tenantry_store_up" in await reply.text()
    await health.stop()
