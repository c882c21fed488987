"""One connection to a collector for everybody."""

import http.client


class Line:
    """The collector closes it when its clock has gone on too far: then another one is made. `source`: our address."""

    def __init__(self, port, tls, token, patience, source=None):
        self.port, self.tls, self.token, self.patience = port, tls, token, patience
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
            self.connection = http.client.HTTPSConnection("127.0.0.1", self.port, timeout=self.patience,
                                                          context=self.tls, source_address=self.source)
        self.connection.request(method, path, body, headers)
        answer = self.connection.getresponse()
        return answer.status, answer.read().decode("utf-8", "replace")

    def close(self):
        if self.connection:
            self.connection.close()
            self.connection = None
