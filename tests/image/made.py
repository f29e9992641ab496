"""A real image, made by `mews image create` with Debian's tools once for all tests that look at it or boot it.

It is kept in $MEWS_IMAGE_CACHE (else build/image) and made again when what makes it has changed, or the day has. Needs Debian's
servers (or the mirror that apt uses here) and a way to own other users' files: Absent says what is missing."""
import datetime, fcntl, hashlib, json, os, pathlib, re, shutil, subprocess, time

ROOT = pathlib.Path(__file__).resolve().parents[2]
CACHE = pathlib.Path(os.environ.get("MEWS_IMAGE_CACHE", ROOT / "build/image"))
MEWS = os.environ.get("MEWS", "mews")
SIZE = 1400 << 20
NAME = "debian-amd64"
MAKERS = ["src/app/image.c", "src/app/image_create.c", "src/app/cmd_image.c", "src/base/spawn.c", "tests/image/made.py"]


class Absent(Exception):
    pass


class Failed(Exception):
    pass


class Made:
    """data: what XDG_DATA_HOME shall be; directory: the image's; key: who may log in by SSH; about: how it was made."""

    def __init__(self):
        self.data = CACHE / "data"
        self.directory = self.data / "mews/images" / NAME
        self.key = CACHE / "key"
        self.about = json.loads((CACHE / "about.json").read_text())


def mirror():
    """Where this host's apt gets bookworm from; none when it does not say."""
    p = subprocess.run(["apt-get", "indextargets", "--format", "$(CODENAME) $(REPO_URI)"], capture_output=True, text=True)
    for line in p.stdout.splitlines():
        codename, _, uri = line.partition(" ")
        if codename == "bookworm":
            return ["--mirror", uri.rstrip("/")]
    return []


def make(stamp):
    for f in "data", "about.json", "key", "key.pub":
        path = CACHE / f
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    if not shutil.which("ssh-keygen"):
        raise Absent("no ssh-keygen (openssh-client)")
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "tester", "-f", CACHE / "key"], check=True)
    began = time.monotonic()
    p = subprocess.run([MEWS, "image", "create", "--size", str(SIZE), "--ssh-key", CACHE / "key.pub", *mirror(), NAME],
                       capture_output=True, text=True, env={**os.environ, "XDG_DATA_HOME": str(CACHE / "data")})
    if re.search(r"Failed to fetch|newuidmap|user namespace|tools are missing", p.stderr):
        raise Absent(p.stderr.strip())
    if p.returncode:
        raise Failed(p.stdout + p.stderr)
    (CACHE / "about.json").write_text(json.dumps({"stamp": stamp, "seconds": time.monotonic() - began, "said": p.stdout + p.stderr}))


def made():
    CACHE.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256(b"".join((ROOT / f).read_bytes() for f in MAKERS)).hexdigest()
    stamp = f"{digest} {datetime.date.today()}"
    with open(CACHE / ".lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            if Made().about["stamp"] == stamp:
                return Made()
        except (FileNotFoundError, ValueError, KeyError):
            pass
        make(stamp)
    return Made()
