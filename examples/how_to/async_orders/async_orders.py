import asyncio

from sentryintegration import start_transaction


async def reserve(item):
    with start_transaction(op="stock", description=item):
        await asyncio.sleep(0)


async def order(*items):
    with start_transaction(name="order", op="task"):
        await asyncio.gather(*(reserve(item) for item in items))


async def send_receipt():
    raise LookupError("no address")
