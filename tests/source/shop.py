"""A small application of a made-up name: what its services do with streams is known by reading."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from reporter.source.streams import StreamUse

__all__ = [
    "FILES",
    "INVENTORY",
    "ORDERS_USES",
    "REGISTRY",
    "REMOTE",
    "RETURNS_USES",
    "ROOT",
    "UNITS",
    "shown",
]

ROOT = "/srv/shop/app"
REMOTE = "https://deploy:tok3n-9f8e7d6c5b4a@git.example.org/shop/app.git"

STREAMS = """\
import os

PREFIX = "shop:stream:"
ORDERS = PREFIX + "orders"
PAYMENTS = f"{PREFIX}payments.made"
ALL = [ORDERS, PAYMENTS]
API_KEY = "sk-live-51HqLyjWDarjtT1zdp7dc"


class Names:
    RETURNS = "shop:stream:returns"
    AUDIT = os.getenv("AUDIT_STREAM", "shop:stream:audit")
"""
BUS = """\
from shop.streams import PREFIX


class Bus:
    def __init__(self, client, prefix=PREFIX):
        self.client = client
        self.prefix = prefix

    def _name(self, topic):
        return self.prefix + topic

    def publish(self, topic, event):
        self._write(self._name(topic), event)

    def _write(self, stream, event):
        self.client.xadd(stream, event, maxlen=1000)


class LoudBus(Bus):
    def __init__(self, client):
        super().__init__(client, prefix="shop:loud:")
"""
ORDERS = """\
import sys, time
from shop import streams
from shop.bus import Bus, LoudBus
from shop.streams import Names


class Orders:
    stream = "shop:stream:orders.taken"

    def __init__(self, client, bus, group="billing"):
        self.client = client
        self.bus = bus
        self.group = group
        self.source = streams.ORDERS

    def run(self):
        for name in streams.ALL:
            self.client.xgroup_create(name, self.group, mkstream=True)
        pipe = self.client.pipeline()
        pipe.xadd(self.stream, {"password": "hunter2-in-code"})
        self.client.xreadgroup(self.group, "one", {self.source: ">"}, count=10)
        self.client.xack(self.source, self.group, "0-0")
        self.bus.publish("shipped", {})
        self.client.xadd(Names.AUDIT, {})


def main(client=None):
    if client is not None:
        Orders(client, Bus(client)).run()
        LoudBus(client).publish("alarm", {})
    time.sleep(100000)


if __name__ == "__main__":
    main()
"""
RETURNS = """\
import time
from . import streams


def forward(client, kind):
    client.xadd("shop:stream:%s" % kind, {})
    client.execute_command("XADD", "shop:stream:{}.copy".format("returns"), "*", "a", "b")
    client.xread(streams={streams.Names.RETURNS: "$"}, block=0)


if __name__ == "__main__":
    time.sleep(100000)
"""
FILES: Mapping[str, str] = {
    "shop/__init__.py": "",
    "shop/streams.py": STREAMS,
    "shop/bus.py": BUS,
    "shop/orders.py": ORDERS,
    "shop/returns.py": RETURNS,
    "shop/forgotten.py": "import json\n",
    "main.py": "from shop.orders import main\n\nmain()\n",
    "README": "A shop.\n",
}
UNITS: Mapping[str, str] = {
    "shop-orders": f"/usr/bin/python3 -u {ROOT}/main.py --token=tok3n-on-a-command-line",
    "shop-returns": "/usr/bin/python3 -m shop.returns",
    "shop-idle": "/usr/bin/python3 -m shop.bus",
}
"""Services with the working folder ROOT; `shop-idle` is installed and does not run."""

INVENTORY = """\
last_update: 2025-12-21
containers:
  shop_orders: {port: 8100, status: running, streams: [shop:stream:orders]}
  shop_returns: {status: running}
  shop_idle: {status: running}
  shop_mailer: {status: running}
  shop_sweeper: {status: stopped}
"""
REGISTRY = """\
{"generated_at": "2026-11-20T10:00:00", "modules": [
  {"name": "orders", "unit": "shop-orders.service", "category": "core",
   "systemd": {"active": "active", "sub": "running", "enabled": "enabled"},
   "runtime": {"port": null, "redis_streams": ["shop:stream:orders"]}},
  {"name": "returns", "unit": "shop-returns.service", "category": "core",
   "systemd": {"active": "active", "sub": "running", "enabled": "enabled"},
   "runtime": {"port": null, "redis_streams": []}}
]}
"""

Use = tuple[str, str, str | None]
ORDERS_USES: set[Use] = {
    ("creates group", "shop:stream:orders", "billing"),
    ("creates group", "shop:stream:payments.made", "billing"),
    ("writes", "shop:stream:orders.taken", None),
    ("reads", "shop:stream:orders", "billing"),
    ("writes", "shop:stream:shipped", None),
    ("writes", "shop:loud:alarm", None),
    ("writes", "shop:stream:audit", None),
}
"""What `main.py` does with streams, and with which group: read in the code above."""
RETURNS_USES: set[Use] = {
    ("writes", "shop:stream:*", None),  # of a parameter nobody gives
    ("writes", "shop:stream:returns.copy", None),
    ("reads", "shop:stream:returns", None),
}


def shown(uses: Iterable[StreamUse]) -> set[Use]:
    """Return what was found in the form above."""
    return {(use.how, use.stream, use.group) for use in uses}
