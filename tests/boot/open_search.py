"""An OpenSearch of one index, as strict about versions, and about signatures, as the real one."""

import json
import threading
import urllib.parse

from tests.boot.shop_machine import Aws


class OpenSearch(Aws):
    service = "es"
    documents, indices, traces, lock = {}, {}, set(), threading.Lock()
    lost, count = False, 0

    def other(self):
        body, address = self.body(), urllib.parse.urlsplit(self.path)
        if self.lost or not self.signed(body):
            return self.answer(503 if self.lost else 403, "{}")
        self.traces.add(self.headers["X-Opaque-Id"])
        said, query = json.loads(body or "{}"), dict(urllib.parse.parse_qsl(address.query))
        with self.lock:
            status, answer = self._do(self.command, address.path, query, said)
        self.answer(status, json.dumps(answer))

    do_PUT = Aws.do_PUT

    def _do(self, method, path, query, said):
        if (method, path) == ("PUT", "/stock"):
            if path in self.indices:
                return 400, {"error": {"type": "resource_already_exists_exception"}}
            self.indices[path] = said
            return 200, {"acknowledged": True}
        if (method, path) == ("POST", "/stock/_search"):
            most = said["query"]["range"]["available"]["lt"]
            every = [document["_source"] for document in self.documents.values()]
            found = [one for one in every if one["available"] < most]
            found = sorted(found, key=lambda one: (one["available"], one["sku"]))
            shown = [{k: v for k, v in one.items() if k != "holds"} for one in found]
            return 200, {"hits": {"hits": [{"_source": one} for one in shown]}}
        sku = path.removeprefix("/stock/_doc/")
        known = self.documents.get(sku)
        if method == "GET":
            return (200, {**known, "found": True}) if known else (404, {"found": False})
        wanted = {"_seq_no": query.get("if_seq_no"), "_primary_term": query.get("if_primary_term")}
        fresh = query.get("op_type") == "create"
        same = known and all(str(known[key]) == value for key, value in wanted.items())
        assert said.keys() <= self.indices["/stock"]["mappings"]["properties"].keys()  # "dynamic": "strict"
        if (fresh and known) or not (fresh or same):
            return 409, {"error": {"type": "version_conflict_engine_exception"}}
        type(self).count += 1
        self.documents[sku] = {"_seq_no": self.count, "_primary_term": 3, "_source": said}
        return (201 if fresh else 200), {"_seq_no": self.count, "_primary_term": 3}
