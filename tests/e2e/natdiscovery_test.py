"""coturn's NAT behaviour discovery client (RFC 5780) against noom-stun: without a NAT between them, every test must say so."""

import re
import subprocess
import unittest

import minimal

TIMEOUT_S = 60
FIRST, SECOND = "127.0.0.1", "127.0.0.2"
EVERYWHERE = {"udp": [f"{FIRST}:0"], "tcp": [f"{FIRST}:0"], "alternate_addresses": [SECOND], "alternate_port": 0}


def discover(port, *options):
    """What turnutils_natdiscovery prints."""
    command = ["turnutils_natdiscovery", *options, "-L", FIRST, "-p", str(port), FIRST]
    run = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_S)
    return f"{run.stdout}{run.stderr}\nexit code {run.returncode}"


class NoomStun(unittest.TestCase):
    def matrix(self, stun):
        """[(address, port)]: both addresses with both ports, the first asked."""
        matrix = [(listener["address"], listener["port"]) for listener in stun.ready["listeners"] if listener["transport"] == "udp"]
        self.assertEqual([FIRST, FIRST, SECOND, SECOND], [address for address, _ in matrix])
        return matrix

    def assertOrigins(self, said, matrix, *positions):
        """The answers came, in this order and each as it says itself, from these sockets; repeated lines count once."""
        origins = re.findall(r"Response origin: : (\S+)", said)
        steps = [origin for i, origin in enumerate(origins) if i == 0 or origins[i - 1] != origin]
        self.assertEqual([f"{matrix[p][0]}:{matrix[p][1]}" for p in positions], steps, said)

    def assertFeatures(self, stun, **wanted):
        metrics = stun.metrics()
        for feature, count in wanted.items():
            self.assertGreaterEqual(metrics[f'noom_stun_features_total{{transport="udp",feature="{feature}"}}'], count, feature)

    def test_mapping(self):
        with minimal.start("noom-stun", listen=EVERYWHERE) as stun:
            matrix = self.matrix(stun)
            said = discover(matrix[0][1], "-m")
            self.assertIn("Endpoint Independent Mapping!", said)
            self.assertIn("No ALG: Mapped == XOR-Mapped", said)
            self.assertIn(f"Other addr: : {SECOND}:{matrix[3][1]}", said)
            self.assertOrigins(said, matrix, 0, 2)

    def test_filtering(self):
        with minimal.start("noom-stun", listen=EVERYWHERE) as stun:
            matrix = self.matrix(stun)
            said = discover(matrix[0][1], "-f")
            self.assertIn("NAT with Endpoint Independent Filtering!", said)
            self.assertOrigins(said, matrix, 0, 3)
            self.assertFeatures(stun, other_address=1, other_port=1)

    def test_padded(self):
        with minimal.start("noom-stun", listen=EVERYWHERE) as stun:
            matrix = self.matrix(stun)
            said = discover(matrix[0][1], "-f", "-P")
            self.assertIn("NAT with Endpoint Independent Filtering!", said)
            self.assertFeatures(stun, padding=2)

    def test_hairpinning_and_collision(self):
        with minimal.start("noom-stun", listen=EVERYWHERE) as stun:
            said = discover(self.matrix(stun)[0][1], "-H", "-c", "-A", "127.0.0.3")
            self.assertIn("maybe a successful hairpinning", said)
            self.assertIn("UDP reflexive addr: 127.0.0.3:", said)

    def test_mapping_lifetime_asks_for_answers_at_another_port(self):
        for allowed, answers in ((False, 1), (True, 2)):
            with minimal.start("noom-stun", listen=EVERYWHERE, binding={"response_port": allowed}) as stun:
                said = discover(self.matrix(stun)[0][1], "-t", "-T", "1")
                self.assertEqual(answers, said.count("RFC 5780 response"), said)
                self.assertFeatures(stun, response_port=answers - 1)

    def test_one_address_with_two_ports_offers_no_other_address(self):
        with minimal.start("noom-stun", listen={**EVERYWHERE, "alternate_addresses": [FIRST]}) as stun:
            said = discover(stun.port("udp"), "-m")
            self.assertIn("UDP reflexive addr: 127.0.0.1:", said)
            self.assertNotIn("Other addr", said)


if __name__ == "__main__":
    unittest.main()
