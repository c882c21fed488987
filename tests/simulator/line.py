"""One connection to a collector for everybody."""

import http.client
import socket


class _Connection(http.client.HTTPSConnection):
    """To wherever the name leads that the certificate is for."""

    def __init__(self, address, *arguments, **more):
        super().__init__(*arguments, **more)
        self._create_connection = lambda _, *more: socket.create_connection(address, *more)


class Line:
    """The collector closes it when its clock has gone on too far: then another one is made. `source`: our address."""

    NAME = "127.0.0.1"  # that the collector's certificate has

    def __init__(self, port, tls, token, patience, source=None):
        self.address, self.port, self.tls, self.token, self.patience = self.NAME, port, tls, token, patience
        self.source = (source, 0) if source else None
        self.connection = None

    def call(self, method, path, body=None, bearer=None, **fields):
        """(status, text); as the admin, unless somebody else is named."""
        headers = {"Authorization": f"Bearer {bearer or self.token}", "Content-Type": "application/json"} | fields
        try:
            return self._ask(method, path, body, headers)
        except (http.client.HTTPException, OSError):
            self.close()
            return self._ask(method, path, body, headers)

    def _ask(self, method, path, body, headers):
        if not self.connection:
            self.connection = _Connection((self.address, self.port), self.NAME, self.port, timeout=self.patience,
                                          context=self.tls, source_address=self.source)
        self.connection.request(method, path, body, headers)
        answer = self.connection.getresponse()
        return answer.status, answer.read().decode("utf-8", "replace")

    def close(self):
        if self.connection:
            self.connection.close()
            self.connection = None
