"""deploy/ is what the programs take: configurations of containers by the daemons themselves, proxies' by nginx, HAProxy and Caddy, manifests by their references."""

import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

import minimal
import yaml

DEPLOY = minimal.ROOT / "deploy"
SECRET_PATHS = ("/run/secrets/turn-secret", "/run/noom/turn-secret")


def manifests():
    """All objects of deploy/kubernetes but the kustomization."""
    for file in sorted((DEPLOY / "kubernetes").glob("noom-*.yaml")):
        yield from yaml.safe_load_all(file.read_text())


def pods():
    return [(each["metadata"]["name"], each["spec"]["template"]["spec"]) for each in manifests() if "template" in each.get("spec", {})]


class Deploy(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.certificate = minimal.certificate(self.folder)

    def placed(self, text):
        """With the files that it names, here."""
        secret = self.folder / "turn-secret"
        secret.write_text(minimal.SECRET)
        secret.chmod(0o600)
        for path in SECRET_PATHS:
            text = text.replace(path, str(secret))
        text = text.replace("/etc/noom/tls/fullchain.pem", self.certificate["certificate"]).replace("/etc/noom/tls/privkey.pem", self.certificate["key"])
        return text.replace("/var/lib/noom-signal", str(self.folder))

    def passes(self, *command):
        run = subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=60, cwd=self.folder)
        self.assertEqual(0, run.returncode, run.stdout + run.stderr)
        return run.stdout + run.stderr

    def test_daemons_take_the_configurations_of_containers(self):
        configurations = [(path.name, path.read_text()) for path in (DEPLOY / "container").glob("*.toml")]
        configurations += [item for each in manifests() if each["kind"] == "ConfigMap" for item in each["data"].items()]
        self.assertEqual(4, len(configurations))
        for name, text in configurations:
            with self.subTest(file=name):
                file = self.folder / name
                file.write_text(self.placed(text))
                run = minimal.call(name.removesuffix(".toml"), "--config", file, "--check-config")
                self.assertEqual((0, "configuration ok\n"), (run.returncode, run.stdout), run.stderr)

    def test_commands_of_containers_are_those_of_the_daemons(self):
        compose = yaml.safe_load((DEPLOY / "container/compose.yaml").read_text())
        commands = [(service, each["command"]) for service, each in compose["services"].items()]
        commands += [(name, container["command"]) for name, pod in pods() for container in pod["containers"]]
        self.assertEqual(6, len(commands))
        for name, command in commands:
            with self.subTest(container=name):
                file = re.search(r"/etc/noom/(\S+)", " ".join(command))
                if file:
                    self.assertEqual(f"{command[0]}.toml", file[1])
                else:
                    run = minimal.call(*command, "--check-config")
                    self.assertEqual(0, run.returncode, run.stderr)

    def test_what_compose_mounts_is_there(self):
        folder = DEPLOY / "container"
        compose = yaml.safe_load((folder / "compose.yaml").read_text())
        for service in compose["services"].values():
            self.assertEqual("host", service["network_mode"])
            self.assertEqual(["ALL"], service["cap_drop"])
            self.assertTrue((folder / service["build"]["context"] / service["build"]["dockerfile"]).is_file())
            for volume in service.get("volumes", ()):
                source = volume.split(":")[0]
                self.assertTrue((folder / source).is_file() if source.startswith("./") else source in compose["volumes"], volume)
            self.assertLessEqual(set(service.get("secrets", ())), set(compose["secrets"]))

    def test_manifests_refer_to_what_there_is(self):
        objects = {(each["kind"], each["metadata"]["name"]) for each in manifests()}
        kustomization = yaml.safe_load((DEPLOY / "kubernetes/kustomization.yaml").read_text())
        files = {path.name for path in (DEPLOY / "kubernetes").glob("noom-*.yaml")}
        self.assertEqual(files, set(kustomization["resources"]))
        for name, pod in pods():
            with self.subTest(pod=name):
                self.assertTrue(pod["securityContext"]["runAsNonRoot"])
                names = {volume["name"] for volume in pod.get("volumes", ())} | ({"state"} if name == "noom-signal" else set())
                for volume in pod.get("volumes", ()):
                    if "configMap" in volume:
                        self.assertIn(("ConfigMap", volume["configMap"]["name"]), objects)
                for container in pod["containers"]:
                    self.assertEqual({"drop": ["ALL"]}, container["securityContext"]["capabilities"])
                    self.assertLessEqual({mount["name"] for mount in container.get("volumeMounts", ())}, names)
                    self.assertEqual(container["image"], kustomization["images"][0]["name"])
        for name in ("noom-turn", "noom-stun"):
            self.assertTrue(dict(pods())[name]["hostNetwork"])

    def test_a_drain_in_kubernetes_has_its_time(self):
        texts = {name: each["data"][f"{name}.toml"] for each in manifests() if each["kind"] == "ConfigMap" for name in [each["metadata"]["name"]]}
        drain_s = int(re.search(r"drain_timeout_s = (\d+)", texts["noom-turn"])[1])
        self.assertGreater(dict(pods())["noom-turn"]["terminationGracePeriodSeconds"], drain_s)

    def test_the_image_is_built_from_what_the_scripts_know(self):
        text = (DEPLOY / "container/Containerfile").read_text()
        for script in re.findall(r"scripts/[\w-]+", text):
            self.assertTrue((minimal.ROOT / script).is_file(), script)
        usage = subprocess.run([minimal.ROOT / "scripts/packages-deb", "--help"], capture_output=True, text=True, check=True).stdout
        self.assertIn("--output", usage)

    @unittest.skipUnless(shutil.which("nginx"), "nginx is not installed: scripts/install-packages test")
    def test_nginx_takes_its_configuration(self):
        text = self.placed((DEPLOY / "proxy/nginx.conf").read_text())
        config = self.folder / "nginx.conf"
        config.write_text(f"pid {self.folder}/nginx.pid;\nerror_log stderr;\nevents {{}}\nhttp {{\naccess_log off;\n{self.on_other_ports(text)}\n}}\n")
        self.assertIn("test is successful", self.passes("nginx", "-t", "-c", config, "-p", self.folder))

    @unittest.skipUnless(pathlib.Path("/usr/lib/nginx/modules/ngx_stream_module.so").exists(), "libnginx-mod-stream is not installed: scripts/install-packages test")
    def test_nginx_takes_its_stream_configuration(self):
        text = self.on_other_ports((DEPLOY / "proxy/nginx-stream.conf").read_text())
        config = self.folder / "nginx.conf"
        module = "load_module /usr/lib/nginx/modules/ngx_stream_module.so;"
        config.write_text(f"{module}\npid {self.folder}/nginx.pid;\nerror_log stderr;\nevents {{}}\n{text}\n")
        self.assertIn("test is successful", self.passes("nginx", "-t", "-c", config, "-p", self.folder))

    def on_other_ports(self, text):
        """nginx -t binds what it finds."""
        return text.replace("listen 443", f"listen unix:{self.folder}/v4").replace("listen [::]:443", f"listen unix:{self.folder}/v6")

    @unittest.skipUnless(shutil.which("haproxy"), "haproxy is not installed: scripts/install-packages test")
    def test_haproxy_takes_its_configuration(self):
        self.passes("haproxy", "-c", "-f", DEPLOY / "proxy/haproxy.cfg")

    @unittest.skipUnless(shutil.which("caddy"), "caddy is not installed: scripts/install-packages test")
    def test_caddy_takes_its_configuration(self):
        environment = f"XDG_DATA_HOME={self.folder}", f"XDG_CONFIG_HOME={self.folder}"
        self.passes("env", *environment, "caddy", "validate", "--adapter", "caddyfile", "--config", DEPLOY / "proxy/Caddyfile")
        self.passes("caddy", "fmt", DEPLOY / "proxy/Caddyfile")

    def test_operations_show_what_is_shipped(self):
        """The proxies' snippets of docs/operations.md are those that are tested here."""
        page = (minimal.ROOT / "docs/operations.md").read_text()
        for name in ("nginx.conf", "nginx-stream.conf", "haproxy.cfg", "Caddyfile"):
            self.assertIn(f"../deploy/proxy/{name}", page)


if __name__ == "__main__":
    unittest.main()
