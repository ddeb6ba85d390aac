"""The operator's API as a script uses it. Standard library only."""

import json
import urllib.error
import urllib.request

TOKEN = "0123456789abcdef0123456789abcdef"


def ask(daemon, method, path, body=None, token=TOKEN):
    """(status, JSON or None, headers)."""
    headers = {"Authorization": f"Bearer {token}"} if token is not None else {}
    data = body if isinstance(body, (bytes, type(None))) else json.dumps(body).encode()
    request = urllib.request.Request(daemon.admin_url(path), data=data, headers=headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=20) as reply:
            return reply.status, _json(reply.read()), reply.headers
    except urllib.error.HTTPError as error:
        return error.code, _json(error.read()), error.headers


def _json(text):
    return json.loads(text) if text.startswith(b"{") else None
