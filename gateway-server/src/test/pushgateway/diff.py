"""Sends the requests of requests.txt to Pushgateway and to Weir, and compares what they answer and what they show then.

usage: diff.py PUSHGATEWAY_URL WEIR_URL [-v]
"""
import gzip
import http.client
import os
import re
import sys
import urllib.parse

HERE = os.path.dirname(os.path.abspath(__file__))
OWN = re.compile(r"^(go_|process_|promhttp_|pushgateway_)")
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"')


class Peer:
    def __init__(self, url):
        parts = urllib.parse.urlsplit(url)
        self.host, self.port = parts.hostname, parts.port

    def send(self, method, target, body, fields):
        connection = http.client.HTTPConnection(self.host, self.port, timeout=5)
        connection.putrequest(method, target, skip_accept_encoding=True)
        chunked = any(name == "Transfer-Encoding" for name, _ in fields)
        for name, value in fields:
            connection.putheader(name, value)
        if body is not None and not chunked:
            connection.putheader("Content-Length", str(len(body)))
        connection.endheaders()
        if chunked:
            for i in range(0, len(body), 3):
                piece = body[i : i + 3]
                connection.send(b"%x\r\n%s\r\n" % (len(piece), piece))
            connection.send(b"0\r\n\r\n")
        elif body:
            connection.send(body)
        answer = connection.getresponse()
        text = answer.read().decode("utf-8", "replace")
        result = answer.status, answer.getheader("Content-Type"), text
        connection.close()
        return result

    def families(self):
        status, _, text = self.send("GET", "/metrics", None, [])
        if status != 200:
            return {"no scrape": text}
        families = {}
        for line in text.split("\n"):
            if line.startswith("# HELP "):
                name, _, words = line[7:].partition(" ")
                families.setdefault(name, {})["help"] = words
            elif line.startswith("# TYPE "):
                family, kind = line[7:].split(" ")
                families.setdefault(family, {})["type"] = kind
            elif line:
                key, _, value = line.rpartition(" ")
                name, _, labels = key.partition("{")
                pairs = tuple(sorted(LABEL.findall(labels)))
                number = float(value)
                if name in ("push_time_seconds", "push_failure_time_seconds") and number > 1e9:
                    number = "now"
                families[family].setdefault("series", {})[(name, pairs)] = repr(number)
        return {name: family for name, family in families.items() if not OWN.match(name)}


def unescape(text):
    replaced = re.sub(
        rb"\\(x[0-9a-f]{2}|.)",
        lambda m: bytes([int(m[1][1:], 16)]) if m[1][0:1] == b"x" and len(m[1]) == 3
        else {b"n": b"\n", b"t": b"\t", b"r": b"\r"}.get(m[1], m[1]),
        text.encode())
    return replaced


def read(path):
    reasons, cases = {}, []
    with open(path, encoding="utf-8") as file:
        for line in file.read().split("\n"):
            if line.startswith("reason "):
                name, _, words = line[7:].partition(": ")
                reasons[name] = words
            elif line.startswith("== "):
                cases.append((line[3:], []))
            elif line and not line.startswith("#"):
                cases[-1][1].append(line)
    return reasons, cases


def request(line):
    difference, fields, body = None, [], None
    head, bar, text = line.partition(" |")
    if head.startswith("~"):
        difference, _, head = head[1:].partition(" ")
    compress = head.startswith("gzip! ")
    head = head[6:] if compress else head
    while head.startswith("{"):
        field, _, head = head[1:].partition("} ")
        name, _, value = field.partition(":")
        fields.append((name, value.strip()))
    method, _, target = head.partition(" ")
    if bar:
        body = unescape(text[1:])
    if compress:
        body = gzip.compress(body)
        fields.append(("Content-Encoding", "gzip"))
    target = urllib.parse.quote(target, safe="/%?&=+@~.-_!$'()*,;:")
    return difference, method, target, body, fields


def answer(peer, *request):
    try:
        return peer.send(*request)
    except (OSError, http.client.HTTPException) as e:
        return 0, None, repr(e)


def short(text):
    return text if len(text) < 160 else text[:160] + "..."


def main():
    pushgateway, weir = Peer(sys.argv[1]), Peer(sys.argv[2])
    verbose = "-v" in sys.argv
    reasons, cases = read(os.path.join(HERE, "requests.txt"))
    sent, wrong, used = 0, 0, set()
    for name, lines in cases:
        for number, line in enumerate(lines):
            if number == 0 or name.startswith("*"):
                assert pushgateway.send("PUT", "/api/v1/admin/wipe", b"", [])[0] == 202
                assert weir.send("DELETE", "/metrics/__all", None, [])[0] == 200
            difference, method, target, body, fields = request(line)
            theirs = answer(pushgateway, method, target, body, fields)
            ours = answer(weir, method, target, body, fields)
            their_families, our_families = pushgateway.families(), weir.families()
            sent += 1
            differs = []
            if theirs[0] != ours[0]:
                differs.append("status")
            if theirs[1] != ours[1] and not (method == "GET" and target == "/metrics"):
                differs.append("Content-Type")
            if theirs[2] != ours[2]:
                differs.append("body")
            if their_families != our_families:
                differs.append("families")
            if difference == "message" and differs == ["body"] or difference and difference != "message" and differs:
                used.add(difference)
                if verbose:
                    print(f"  {line}\n    {differs}: {theirs[0]} {short(theirs[2])!r} | {ours[0]} {short(ours[2])!r}")
                continue
            if differs or difference:
                wrong += 1
                print(f"WRONG in \"{name}\": {line}\n  differs: {differs}, expected: {difference}")
                print(f"  Pushgateway: {theirs[0]} {theirs[1]} {short(theirs[2])!r}")
                print(f"  Weir:        {ours[0]} {ours[1]} {short(ours[2])!r}")
                for family in sorted(set(their_families) | set(our_families)):
                    if their_families.get(family) != our_families.get(family):
                        print(f"    {family}: {their_families.get(family)}\n    {' ' * len(family)}  {our_families.get(family)}")
    for reason in sorted(set(reasons) - used):
        wrong += 1
        print(f"WRONG: the reason {reason} has not been needed")
    print(f"{sent} requests, {wrong} not as expected; {len(used)} reasons for intended differences")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
