from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guardrails.documents.package_managers import MANAGERS
from guardrails.documents.shell_commands import values


def packages(script: str) -> list[dict]:
    return [command["packages"] for command in values(script) if "packages" in command]


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("apt-get -qqy -t stable -o A::B=1 install git curl=1", ("apt", "install", ["git", "curl=1"])),
        ("apt install git", ("apt", "install", ["git"])),
        ("/usr/bin/apk -X https://x add -t .build git", ("apk", "add", ["git"])),
        ("yum --enablerepo x install git", ("yum", "install", ["git"])),
        ("microdnf module install a:1", ("dnf", "install", ["a:1"])),
        ("dnf5 in a", ("dnf", "in", ["a"])),
        ("zypper -n in -r repo git", ("zypper", "in", ["git"])),
        ("pip3.11 install -r x --index-url y git", ("pip", "install", ["git"])),
        ("python3 -m pip install git", ("pip", "install", ["git"])),
        ("python -E -m pip install git", ("pip", "install", ["git"])),
        ("uv pip install --system git", ("uv", "install", ["git"])),
        ("uv tool install git", ("uv", "install", ["git"])),
        ("npm --registry x i -g git", ("npm", "i", ["git"])),
        ("yarn global add git", ("yarn", "add", ["git"])),
        ("yarn", ("yarn", "install", [])),
        ("gem install -N git", ("gem", "install", ["git"])),
        ("go install -ldflags '-s -w' ./x", ("go", "install", ["./x"])),
        ("sudo apt-get install git", ("apt", "install", ["git"])),
    ],
)
def test_what_is_asked(script, expected):
    (found,) = packages(script)
    assert (found["manager"], found["verb"], found["names"]) == expected


@pytest.mark.parametrize(
    "script",
    [
        "apt-cache search x",
        "apt-get",
        "npm ci",
        "npm run install",
        "pip list",
        "pip",
        "go build ./x",
        "echo apt-get install x",
        "python -m http.server",
        "python -m",
        "uv sync",
        "yarn build",
        "notdnf install x",
        "pipenv install x",
    ],
)
def test_what_is_about_something_else(script):
    assert packages(script) == []


@pytest.mark.parametrize(
    ("script", "loose"),
    [
        ("apt-get install a b=1 c/stable ./d.deb e=$V", ["a"]),
        ("apt-get install $A ${A}-x $A/x.deb $(cat x) `cat y`", ["$A", "${A}-x", "$(cat x)", "`cat y`"]),
        ("A='-q b c=1'; apt-get install $A ${A}d ${A} $A", ["b", "${A}d", "b"]),
        ("A=$(cat x); apt-get install $A b=$A", ["$A"]),
        (f"A='{'b ' * 2000}c'; apt-get install $A", ["$A"]),
        ("apk add a b=1 c~2 'd>3' e.apk f@edge", ["a", "f@edge"]),
        ("yum install a a-1.2 python3-devel b.rpm @group gcc-c++-11.5-2.el9", ["a", "python3-devel"]),
        ("dnf install java-17-openjdk a-$V b-${V}-1 $C", ["java-17-openjdk", "$C"]),
        ("zypper in a~1 b-$V", ["a~1"]),
        ("pip install a=1 b!=2 c===3", ["a=1"]),
        ("pip install git+https://h/r@$V", []),
        ("npm i a.tar npm:b@1 npm:c c@$V $D/x ${D}/x $(pwd)/x", ["npm:c"]),
        ("gem install --clear-sources a", ["a"]),
        ("go install -installsuffix cgo ...", []),
        ("go install h.x/$P h.x/$P@latest h.x/a@$V", ["h.x/$P", "h.x/$P@latest"]),
        ("yum update a", []),
        ("zypper in a b=1 'c>2' d.rpm", ["a"]),
        ("pip install a b==1 'c<2' d~=3 ./e f.whl . .[x] git+https://h/r git+https://h/r@v1", ["a", "git+https://h/r"]),
        ("pip install git+ssh://git@h/r.git", ["git+ssh://git@h/r.git"]),
        ("pip install -c constraints.txt a", []),
        ("pip download a", []),
        ("pipx install --python x a b==1", ["a"]),
        ("uv pip install a b==1 c@2", ["a"]),
        ("npm i a b@1 @s/c @s/d@2 e@latest ./f g.tgz git://h/r git://h/r#v u/r u/r#1", None),
        ("yarn add a b@^1", ["a"]),
        ("gem install a b:1", ["a"]),
        ("gem install a -v 1", []),
        ("gem install a:1 -- y", []),
        ("apt-get install -y -- a b=1", ["a"]),
        ("go install h.x/a h.x/b@v1 h.x/c@latest ./d e", ["h.x/a", "h.x/c@latest"]),
        ("go run h.x/a@v1 h.x/b", []),
        ("go run main.go", []),
    ],
)
def test_packages_without_a_version(script, loose):
    expected = ["a", "@s/c", "e@latest", "git://h/r", "u/r"] if loose is None else loose
    assert packages(script)[0]["loose"] == expected


@pytest.mark.parametrize(
    ("script", "asks"),
    [
        ("apt-get install a", True),
        ("apt-get update", False),
        ("apt-get install -y a", False),
        ("apt-get --yes install a", False),
        ("apt-get install -qq a", False),
        ("apt-get -q -q install a", False),
        ("apt-get -q install a", True),
        ("apt-get --quiet -q install a", False),
        ("apt-get -o APT::Get::Assume-Yes=true install a", False),
        ("apt-get autoremove", True),
        ("yum install a", True),
        ("yum -y install a", False),
        ("dnf install --assumeyes a", False),
        ("zypper in a", True),
        ("zypper --non-interactive in a", False),
        ("zypper in -y a", False),
        ("zypper in --auto-agree-with-licenses a", True),
        ("pip install a", False),
        ("apk add a", False),
    ],
)
def test_questions(script, asks):
    assert packages(script)[0]["asks"] is asks


@pytest.mark.parametrize(
    ("script", "leaves"),
    [
        ("apt-get update && apt-get install a", [True, False]),
        ("apt-get update && rm -rf /var/lib/apt/lists/*", [False]),
        ("apt-get update && rm -rf /var/lib/apt /x", [False]),
        ("rm -rf /var/lib/apt/lists/* && apt-get update", [True]),
        ("apt-get update && rm -rf /var/lib/apt-other", [True]),
        ("apt-get update && rm -rf /var/lib/{apt,dpkg}/", [False]),
        ("apt-get update && rm -rf /var/lib/{dpkg,x} ${X,Y}", [True]),
        ("zypper remove -y a", [False]),
        ("pip install a && rm -rf ${HOME}/.cache/{pip,x}", [False]),
        ("pip install a && rm -rf /home/app/.cache/pip", [False]),
        ("apt-get update && find /var/lib/apt/lists -type f -delete", [False]),
        ("apk add a", [True]),
        ("apk add --no-cache a", [False]),
        ("apk update", [False]),
        ("yum install -y a && yum clean all", [False]),
        ("yum clean all && yum install -y a", [True]),
        ("dnf upgrade -y && rm -rf /var/cache/*", [False]),
        ("dnf install -y a; yum clean all", [False]),
        ("zypper in -y a && zypper cc", [False]),
        ("zypper in -y a && zypper clean --all", [False]),
        ("yarn install && yarn cache clean", [False]),
        ("yarn", [True]),
        ("pip install --no-cache-dir a", [False]),
        ("pip install a && pip cache purge", [False]),
        ("pip install a && rm -rf ~/.cache", [False]),
        ("pip install a && rm -rf $HOME/.cache/pip", [False]),
        ("export PIP_NO_CACHE_DIR=1; pip install a", [False]),
        ("export PIP_NO_CACHE_DIR=no; pip install a", [True]),
        ("PIP_NO_CACHE_DIR=$X pip install a", [False]),
        ("npm i a", [False]),
    ],
)
def test_what_stays_behind(script, leaves):
    assert [found["leaves"] for found in packages(script)] == leaves


@pytest.mark.parametrize(
    ("script", "alone"),
    [
        ("apt-get update", True),
        ("apk update", True),
        ("apt-get update && apt-get install a", False),
        ("apt-get install a && apt-get update", False),
        ("apt-get update && apt-get upgrade -y", False),
        ("apt-get update && ./install", False),
        ("apt-get update && echo", True),
        ("yum update", False),
    ],
)
def test_lists_that_are_updated_for_nothing(script, alone):
    assert packages(script)[0]["alone"] is alone


VERBS = [
    (manager, program, verb)
    for manager in MANAGERS
    for program in sorted(manager.programs)
    for verb in sorted(manager.installs)
]


@settings(deadline=None)
@given(st.sampled_from(VERBS), st.lists(st.text("abcdefgh", min_size=1, max_size=9), max_size=4, unique=True))
def test_plain_names_have_no_version(command, names):
    manager, program, verb = command
    group = f"{min(manager.groups)} " if manager.groups and manager.name == "uv" else ""
    (found,) = packages(f"{program} {group}{verb} {' '.join(names)}")
    assert (found["manager"], found["verb"], found["names"]) == (manager.name, verb, names)
    if manager.name != "go":  # whose packages without a dot are its own
        assert found["loose"] == (names[:1] if verb == "run" else names)
