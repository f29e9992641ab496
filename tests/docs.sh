#!/bin/sh
# What the documents name exists: every path in back-quotes, every function() of ours, every link to a file. Blocks of
# code are left out.
set -eu
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
python3 - <<'END'
import pathlib, re, subprocess, sys

top = pathlib.Path(".")
files = subprocess.run(["git", "ls-files", "--cached", "--others", "--exclude-standard"], capture_output=True, text=True)
listed = files.stdout.split("\n") if files.returncode == 0 else [str(p) for p in top.rglob("*") if "build" not in p.parts]
sources = [p for p in listed if re.search(r"\.(c|h|sh|py|s|cmake|txt)$", p) and (top / p).is_file()]
text = "\n".join((top / p).read_text(errors="replace") for p in sources if not p.startswith("docs/") or p.endswith(".c"))
called = set(re.findall(r"\b([a-z_][a-z0-9_]*)\s*\(", text)) | set(re.findall(r"\(\*([a-z_]+)\)\(", text))
roots = {p.split("/")[0] for p in listed if "/" in p}
bad = paths = functions = links = 0

def wrong(doc, what):
    global bad
    bad += 1
    print(f"docs: {doc} names {what}, which does not exist")

for doc in [p for p in listed if p.endswith(".md") and (top / p).is_file()]:
    body = re.sub(r"^```.*?^```$", "", (top / doc).read_text(), flags=re.S | re.M)
    body = re.sub(r"^    .*$", "", body, flags=re.M)
    body = re.sub(r"^.*\bnot yet \|$", "", body, flags=re.M)  # rows of docs/course.md that say so
    for name in re.findall(r"`([^`\n]+)`", body):
        m = re.fullmatch(r"([a-z_0-9]+)\([a-z_, ]*\)", name)
        if m:
            functions += 1
            if m[1] not in called:
                wrong(doc, name)
        elif re.fullmatch(r"[\w./-]+", name) and name.split("/")[0] in roots and "/" in name and not re.search(r"NAME|KIND|ROOM|DIR|\bx\b|x_", name):
            paths += 1
            folder = pathlib.Path(doc).parent
            # Names of ctests have no suffix.
            if not any(p.exists() for p in (top / name, folder / name, top / f"{name}.sh", top / f"{name}.c")):
                wrong(doc, name)
    for link in re.findall(r"\]\(([^)#]+)[^)]*\)", body):
        if "://" in link:
            continue
        links += 1
        if not (pathlib.Path(doc).parent / link).exists():
            wrong(doc, f"the link {link}")
print(f"{paths} paths, {functions} functions and {links} links looked for")
sys.exit(bad != 0 or paths < 50)
END
