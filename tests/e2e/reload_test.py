"""SIGHUP on a noom-turn that is serving: users come and go without a restart, and what a removed user relays ends at once."""

import asyncio
import os
import signal
import unittest

try:
    from aioice import turn as aioice_turn
except ImportError:
    raise SystemExit(77)

import minimal

class Reload(unittest.IsolatedAsyncioTestCase):
    def setUp(self):
        self.turn = minimal.start("noom-turn", auth={"users": ["alice:apple"], "rest_secrets": []})
        self.addCleanup(self.turn.stop)

    def reload(self, event, old, new):
        """Rewrites the configuration, and waits for the log to say what became of it."""
        path = self.turn.config_path
        text = path.read_text()
        self.assertIn(old, text)
        path.write_text(text.replace(old, new))
        before = self.turn.log().count(event)
        os.kill(self.turn.pid, signal.SIGHUP)
        self.turn.process.wait_for(lambda: self.turn.log().count(event) > before, event)

    async def allocate(self, name):
        address = ("127.0.0.1", self.turn.port("udp"))
        transport, _ = await aioice_turn.create_turn_endpoint(asyncio.DatagramProtocol, address, name, "apple", transport="udp")
        self.addCleanup(transport.close)
        return transport

    async def test_a_removed_users_allocation_ends_and_a_new_user_is_served(self):
        await self.allocate("alice")
        self.reload("event=reloaded", '"alice:apple"', '"bob:apple"')
        await asyncio.to_thread(
            self.turn.process.wait_for, lambda: "reason=revoked" in self.turn.log(), "the end of alice's allocation", 5)
        await self.allocate("bob")
        with self.assertRaises(Exception):
            await self.allocate("alice")

    async def test_a_configuration_with_an_error_changes_nothing(self):
        self.reload("event=reload_refused", '"alice:apple"', '"bob"')
        self.assertIn("auth.users", self.turn.log())
        await self.allocate("alice")

    async def test_what_needs_a_restart_is_named(self):
        self.reload("event=restart_needed", '"127.0.0.1:0"', '"127.0.0.1:1"')
        self.assertRegex(self.turn.log(), r'keys="?listen\.udp')
        await self.allocate("alice")


if __name__ == "__main__":
    unittest.main()
