from __future__ import annotations

import time

import pathspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guardrails.documents.dockerfile import FORMAT
from guardrails.documents.document import ParseError, Root, Span
from tests.unit.documents.trees import source


def parse(text: str) -> Root:
    (root,) = FORMAT.parse(text).roots
    return root


def last(text: str) -> dict:
    """The value of the last instruction of a file that starts with a plain FROM."""
    return parse(f"FROM scratch\n{text}").value["instructions"][-1]


def fails(text: str) -> ParseError:
    with pytest.raises(ParseError) as error:
        parse(text)
    return error.value


# --- paths


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("Dockerfile", True),
        ("deploy/Dockerfile", True),
        ("Dockerfile.prod", True),
        ("app.Dockerfile", True),
        ("app.dockerfile", True),
        ("Containerfile", True),
        ("Containerfile.ci", True),
        ("Dockerfile.dockerignore", False),
        ("app.Dockerfile.dockerignore", False),
        ("Dockerfile.j2", False),
        ("Dockerfile.md", False),
        ("MyDockerfile", False),
    ],
)
def test_paths(path, expected):
    assert pathspec.GitIgnoreSpec.from_lines(FORMAT.paths).match_file(path) is expected


# --- logical lines


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("RUN a b", "a b"),
        ("  run\ta  ", "a"),
        ("RUN a \\\n  b", "a b"),
        ("RUN a\\\nb", "ab"),
        ("RUN a\\\n  b", "a b"),
        ("RUN a \\  \n  b", "a b"),
        ("RUN a \\\n# comment\n  # another\n  b", "a b"),
        ("RUN a \\\n\n\n  b", "a b"),
        ("RUN a \\\n\\\n\\\nb", "a b"),
        ("RUN a \\\n", "a"),
        ("RUN a \\\n\\\n", "a"),
        ("RUN a \\", "a"),
        ("\\\nRUN \\\na", "a"),
        ("RUN echo '# no comment'", "echo '# no comment'"),
        ("RUN a \\\r\n  b\r\n", "a b"),
        ("RUN dir c:\\\\", "dir c:\\\\"),
    ],
)
def test_logical_line(text, expected):
    assert last(text)["text"] == expected


def test_backtick_as_escape():
    value = parse("# escape=`\nFROM a\nCOPY x c:\\\nRUN dir `\n  c:\\\n").value
    assert value["escape"] == "`"
    assert [(i["name"], i["text"]) for i in value["instructions"]] == [
        ("FROM", "a"),
        ("COPY", "x c:\\"),
        ("RUN", "dir c:\\"),
    ]
    assert value["instructions"][1]["target"] == "c:\\"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("#syntax=a/b:1\n# Escape = `\n#check=skip=all\n", {"syntax": "a/b:1", "escape": "`", "check": "skip=all"}),
        ("# about\n# escape=`\n", {}),
        ("\n# escape=`\n", {}),
        ("# unknown=1\n# escape=`\n", {}),
        ("", {}),
    ],
)
def test_directives(text, expected):
    assert parse(f"{text}FROM a").value["directives"] == expected


# --- instructions


@pytest.mark.parametrize(
    ("text", "form", "args"),
    [
        ('RUN ["a", "b c"]', "exec", ["a", "b c"]),
        ("RUN []", "exec", []),
        (r'RUN ["a\"b", "\u0041"]', "exec", ['a"b', "A"]),
        (r'CMD ["c:\app"]', "shell", ["[c:\\app]"]),
        ("CMD ['a']", "shell", ["[a]"]),
        ('CMD ["a", 1]', "shell", ["[a,", "1]"]),
        ("CMD", "shell", []),
        ("ENTRYPOINT a 'b c' \"d\"e f\\ g", "shell", ["a", "b c", "de", "f g"]),
        ("RUN a&&b;c|d 2>&1", "shell", ["a", "&&", "b", ";", "c", "|", "d", "2>&1"]),
        ("RUN it's open", "shell", ["it's", "open"]),
        ('HEALTHCHECK --interval=5m CMD ["a"]', "exec", ["a"]),
        ("HEALTHCHECK cmd a b", "shell", ["a", "b"]),
        ("HEALTHCHECK NONE", "", []),
        ('SHELL ["/bin/bash", "-c"]', "exec", ["/bin/bash", "-c"]),
        ('VOLUME ["/a b"]', "exec", ["/a b"]),
        ("VOLUME /a /b", "", ["/a", "/b"]),
        ("MAINTAINER some one", "", ["some", "one"]),
        ("STOPSIGNAL 9", "", ["9"]),
    ],
)
def test_forms_and_arguments(text, form, args):
    value = last(text)
    assert (value["form"], value["args"]) == (form, args)


@pytest.mark.parametrize(
    ("text", "flags", "rest"),
    [
        ("COPY --from=b --chown=1:1 --link x y", {"from": ["b"], "chown": ["1:1"], "link": ["true"]}, "x y"),
        (
            "RUN --mount=type=a --mount=type=b,x=1 \\\n --network=none c",
            {"mount": ["type=a", "type=b,x=1"], "network": ["none"]},
            "c",
        ),
        ('ADD --chmod="755" x y', {"chmod": ["755"]}, "x y"),
        ("COPY --link=false x y", {"link": ["false"]}, "x y"),
        ("RUN -- --x", {}, "--x"),
        ("RUN a --b", {}, "a --b"),
    ],
)
def test_flags(text, flags, rest):
    value = last(text)
    assert value["flags"] == flags
    assert value["text"] == rest


@pytest.mark.parametrize(
    ("text", "sources", "target"),
    [
        ("COPY a b /c/", ["a", "b"], "/c/"),
        ('ADD ["a b", "/c"]', ["a b"], "/c"),
        ('COPY "a b" c', ["a b"], "c"),
        ("COPY <<EOF /c\nx\nEOF", [], "/c"),
        ("COPY <<-'EOF' d <<X /c/\nx\n\tEOF\nX\n", ["d"], "/c/"),
    ],
)
def test_copied_paths(text, sources, target):
    value = last(text)
    assert (value["sources"], value["target"]) == (sources, target)


@pytest.mark.parametrize(
    ("text", "pairs"),
    [
        ("ENV A=1", [("A", "1")]),
        ("ENV A=1 B='x y' C=\"z\" D=a\\ b E=", [("A", "1"), ("B", "x y"), ("C", "z"), ("D", "a b"), ("E", "")]),
        ("ENV A a b=c  d", [("A", "a b=c  d")]),
        ("ENV A \\\n  b", [("A", "b")]),
        ('LABEL "com.example"="a \\"b\\"" \\\n  x=y', [("com.example", 'a "b"'), ("x", "y")]),
        ('LABEL a="x\\\n   y"', [("a", "x y")]),
        ("ARG A", [("A", "")]),
        ("ARG A=1 B", [("A", "1"), ("B", "")]),
        ('ENV A="open b', [("A", '"open b')]),
        ("ENV A=$B C=${D:-e}", [("A", "$B"), ("C", "${D:-e}")]),
    ],
)
def test_pairs(text, pairs):
    assert [(pair["name"], pair["value"]) for pair in last(text)["pairs"]] == pairs


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("USER app", {"user": "app", "group": ""}),
        ("USER 1000:0", {"user": "1000", "group": "0"}),
        ('USER "app"', {"user": "app", "group": ""}),
        ("WORKDIR /a b", {"path": "/a b"}),
        ("WORKDIR '/a'", {"path": "/a"}),
        ("EXPOSE 80", {"ports": [{"port": "80", "protocol": "tcp"}]}),
        (
            "EXPOSE 53/UDP 8000-8010 ${P}",
            {
                "ports": [
                    {"port": "53", "protocol": "udp"},
                    {"port": "8000-8010", "protocol": "tcp"},
                    {"port": "${P}", "protocol": "tcp"},
                ]
            },
        ),
    ],
)
def test_details(text, expected):
    value = last(text)
    assert {key: value[key] for key in expected} == expected


def test_each_instruction_has_all_common_keys():
    text = (
        "FROM a\nRUN b\nCMD c\nLABEL d=1\nMAINTAINER e\nEXPOSE 1\nENV f=1\nADD g h\nCOPY i j\nENTRYPOINT k\nVOLUME l\n"
        'USER m\nWORKDIR /n\nARG o\nONBUILD RUN p\nSTOPSIGNAL 1\nHEALTHCHECK NONE\nSHELL ["q"]\n'
    )
    common = {"name", "text", "form", "args", "flags", "heredocs", "onbuild", "stage"}
    values = parse(text).value["instructions"]
    assert len(values) == 18
    assert all(common <= value.keys() for value in values)


def test_onbuild():
    value = last("ONBUILD COPY --from=x a b")
    assert (value["name"], value["onbuild"], value["text"]) == ("COPY", True, "a b")
    assert value["flags"] == {"from": ["x"]}
    value = last("ONBUILD ONBUILD RUN x")
    assert (value["name"], value["onbuild"], value["text"]) == ("ONBUILD", True, "RUN x")
    stage = parse("FROM a\nONBUILD USER x\nONBUILD FROM b\nONBUILD HEALTHCHECK CMD y").value["stages"]
    assert [(one["user"], one["health"]) for one in stage] == [("", "")]


# --- heredocs


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("RUN <<EOF\na\n# b\n\nEOF\n", [("EOF", "a\n# b\n\n")]),
        ("RUN <<-EOF\n\ta\n\t\tb\n\tEOF\n", [("EOF", "a\nb\n")]),
        ('RUN <<"E O"\na\nE O\n', [("E O", "a\n")]),
        ("RUN <<'EOF' cat\na\nEOF\n", [("EOF", "a\n")]),
        ("RUN <<A cat 3<<B\na\nA\nb\nB\n", [("A", "a\n"), ("B", "b\n")]),
        ("ADD <<EOF /x\nEOF\n", [("EOF", "")]),
        ("ONBUILD RUN <<EOF\na\nEOF\n", [("EOF", "a\n")]),
        ("RUN a \\\n  <<EOF\nb\nEOF\n", [("EOF", "b\n")]),
        ("RUN cat <<<word", []),
        ("RUN echo $((1<<2))", []),
        ("RUN echo 1 << 2", []),
        ('RUN "<<EOF"', []),
        ('RUN ["<<EOF"]', []),
        ("ENV A=<<EOF", []),
    ],
)
def test_heredocs(text, expected):
    assert [(heredoc["name"], heredoc["text"]) for heredoc in last(text)["heredocs"]] == expected


def test_instructions_after_a_heredoc():
    value = parse("FROM a\nRUN <<EOF\nFROM b\nUSER root\nEOF\nUSER app\n").value
    assert [i["name"] for i in value["instructions"]] == ["FROM", "RUN", "USER"]


# --- commands


@pytest.mark.parametrize(
    ("text", "commands"),
    [
        ("RUN a b && c|d;e & f || g", ["a b", "c", "d", "e", "f", "g"]),
        ("RUN A=1 B=2 a", ["a"]),
        ("RUN if [ -f x ]; then a; else b; fi", ["[ -f x ]", "a", "b"]),
        ("RUN for x in 1 2; do a $x; done", ["for x in 1 2", "a $x"]),
        ("RUN ! a && { b; } && (c d)", ["a", "b", "c d"]),
        ("RUN a $(b c) `d` e", ["a $(b c) `d` e", "b c", "d"]),
        ("RUN a 2>&1 >/dev/null &>x | b", ["a", "b"]),
        ("RUN a # no b && c", ["a"]),
        ("RUN a#b 'c && d' \"e;f\"", ["a#b c && d e;f"]),
        ("RUN <<EOF\nset -e\na \\\n  b\n# c\nd\nEOF", ["set -e", "a b", "d"]),
        ("RUN <<EOF\n#!/bin/bash\na\nEOF", ["a"]),
        ("RUN <<EOF\n#!/usr/bin/env bash\na\nEOF", ["a"]),
        ("RUN <<EOF\n#!/usr/bin/env python3\nimport os\nEOF", []),
        ("RUN cat <<EOF >/x\na\nEOF", ["cat"]),
        ("RUN bash -e <<EOF\na\nb c\nEOF", ["bash -e", "a", "b c"]),
        ('CMD ["a", "b && c"]', ["a b && c"]),
        ('ENTRYPOINT ["/bin/sh", "-ec", "a && b c"]', ["/bin/sh -ec a && b c", "a", "b c"]),
        ('RUN ["bash", "-o", "pipefail", "-c", "a | b"]', ["bash -o pipefail -c a | b", "a", "b"]),
        ('CMD ["sh", "x", "y"]', ["sh x y"]),
        ("HEALTHCHECK CMD a || exit 1", ["a", "exit 1"]),
        ("HEALTHCHECK NONE", []),
        ('SHELL ["pwsh", "-c"]\nRUN a | b', []),
        ('SHELL ["/bin/bash", "-c"]\nRUN a | b', ["a", "b"]),
        ("CMD []", []),
    ],
)
def test_commands(text, commands):
    assert [" ".join([one["name"], *one["args"]]) for one in last(text)["commands"]] == commands


def test_shell_in_force():
    text = 'FROM a AS one\nRUN x\nSHELL ["bash", "-c"]\nRUN y\nFROM b\nRUN z\nFROM one\nCMD w\n'
    value = parse(text).value
    shells = [i["shell"] for i in value["instructions"] if "shell" in i]
    assert shells == [[], ["bash", "-c"], [], ["bash", "-c"]]
    assert [stage["shell"] for stage in value["stages"]] == [["bash", "-c"], [], ["bash", "-c"]]


# --- stages


def test_a_stage():
    value = parse("FROM --platform=linux/amd64 ghcr.io/a/b:1@sha256:0 as Build\nRUN x\n").value
    (stage,) = value["stages"]
    assert stage["from"] == {
        "raw": "ghcr.io/a/b:1@sha256:0",
        "image": "ghcr.io/a/b:1@sha256:0",
        "resolved": True,
        "registry": "ghcr.io",
        "repository": "a/b",
        "name": "b",
        "tag": "1",
        "digest": "sha256:0",
        "platform": "linux/amd64",
        "stage": -1,
        "scratch": False,
    }
    assert (stage["index"], stage["name"]) == (0, "build")
    assert stage["instructions"] == value["instructions"]


@pytest.mark.parametrize(
    ("args", "image", "expected"),
    [
        ("ARG V=1", "a:${V}", "a:1"),
        ("ARG V=1", "a:$V-x", "a:1-x"),
        ("ARG V=1", "a:${V:-2}", "a:1"),
        ("ARG V", "a:${V:-2}", "a:2"),
        ("ARG V=", "a:${V:-2}", "a:2"),
        ("ARG V=", "a:${V-2}", "a:"),
        ("ARG V=1", "a:${V:+2}", "a:2"),
        ("ARG V=", "a:${V+2}", "a:2"),
        ("ARG V=", "a${V:+:2}", "a"),
        ("ARG V=1\nARG W=${V}.2", "a:${W}", "a:1.2"),
        ("ARG V='1 2'", "$V", "1 2"),
        ("ARG V=1", "a:${W:-${V}}", "a:1"),
        ("ARG I=a T=1", "$I:$T", "a:1"),
    ],
)
def test_variables_in_from(args, image, expected):
    source = parse(f"{args}\nFROM {image}\n").value["stages"][0]["from"]
    assert (source["raw"], source["image"], source["resolved"]) == (image, expected, True)


@pytest.mark.parametrize(
    ("args", "image"),
    [("ARG V", "a:${V}"), ("", "a:$V"), ("ARG V=", "${V}"), ("ARG V=1", "a:${V%x}"), ("FROM x\nARG V=1", "a:$V")],
)
def test_unresolved_variables(args, image):
    source = parse(f"{args}\nFROM {image}\n").value["stages"][-1]["from"]
    assert (source["image"], source["resolved"]) == (image, False)


def test_args_before_from():
    value = parse("ARG A=1 B\nARG C='x'\nFROM a\nARG D=2").value
    assert [(one["name"], one["value"]) for one in value["args"]] == [("A", "1"), ("B", ""), ("C", "x")]


def test_stages_name_earlier_stages():
    value = parse("FROM a AS One\nFROM ONE AS two\nFROM three\nFROM b AS one\nFROM one\nFROM scratch").value
    assert [stage["from"]["stage"] for stage in value["stages"]] == [-1, 0, -1, -1, 3, -1]
    assert [stage["from"]["scratch"] for stage in value["stages"]] == [False] * 5 + [True]
    assert [i["stage"] for i in value["instructions"]] == [0, 1, 2, 3, 4, 5]


def test_user_and_healthcheck_are_inherited():
    text = "FROM a AS one\nUSER x:y\nUSER z\nHEALTHCHECK CMD a\nFROM one AS two\nFROM b\n"
    text += "FROM two\nUSER q\nHEALTHCHECK NONE"
    stages = parse(text).value["stages"]
    assert [(stage["user"], stage["health"]) for stage in stages] == [
        ("z", "CMD"),
        ("z", "CMD"),
        ("", ""),
        ("q", "NONE"),
    ]


def test_what_is_inherited_stands_where_it_is_written():
    text = 'FROM a AS one\nUSER x\nUSER z\nWORKDIR /a\nFROM one AS two\nSHELL ["ash"]\nONBUILD USER q\nFROM two\n'
    root = parse(text + "WORKDIR /b\nFROM c")
    names = ("user", "workdir", "shell", "health")
    lines = [[root.span(("stages", stage, name)).line for name in names] for stage in range(4)]
    assert lines == [[3, 4, 1, 1], [3, 4, 6, 5], [3, 9, 6, 8], [10, 10, 10, 10]]


def test_a_fragment_has_no_stage():
    value = parse("RUN a\nUSER b\nFROM c").value
    assert [i["stage"] for i in value["instructions"]] == [-1, -1, 0]
    assert [stage["user"] for stage in value["stages"]] == [""]
    assert parse("RUN a").value["stages"] == []


def test_which_stages_are_shipped():
    text = "FROM a AS base\nFROM b AS tools\nFROM base AS mid\nFROM mid\nCOPY --from=tools x y\n"
    assert [stage["shipped"] for stage in parse(text).value["stages"]] == [True, False, True, True]


def test_names_that_two_stages_have():
    stages = parse("FROM a AS one\nFROM b\nFROM c AS ONE\nFROM d AS one").value["stages"]
    assert [stage["twin"] for stage in stages] == [-1, -1, 0, 2]


def test_workdir_of_a_stage_and_of_what_is_copied_there():
    text = "FROM a AS one\nWORKDIR /x\nCOPY a b\nFROM b\nCOPY a b\nONBUILD WORKDIR /y\nONBUILD COPY a b\nCOPY c d\n"
    value = parse(text + "FROM one\nCOPY a b").value
    assert [stage["workdir"] for stage in value["stages"]] == ["/x", "", "/x"]
    assert [copy["workdir"] for copy in value["steps"]["COPY"]] == ["/x", "", "/y", "", "/x"]


def test_labels_and_programs_of_a_stage():
    text = "FROM a AS one\nLABEL a=1\nRUN /bin/x && y && x\nFROM one\nLABEL b=1\nRUN z"
    stages = parse(text).value["stages"]
    assert [(stage["labels"], stage["programs"]) for stage in stages] == [(["a"], ["x", "y"]), (["a", "b"], ["z"])]


@pytest.mark.parametrize(
    ("text", "key", "expected"),
    [
        ("ARG U=root\nUSER $U", "user", "root"),
        ("ENV U=1000\nUSER ${U}:${G:-5}", "user", "1000"),
        ("ENV U=1\nARG U=2\nENV U=$U\nUSER $U", "user", "2"),
        ("USER ${U}", "user", "${U}"),
        ("ENV D=/srv\nWORKDIR $D/app", "path", "/srv/app"),
        ("ENV D=/srv\nENV E=$D\nWORKDIR $E/x", "path", "/srv/x"),
        ("ENV P=22\nEXPOSE $P/udp", "ports", [{"port": "22", "protocol": "udp"}]),
    ],
)
def test_variables_of_a_stage(text, key, expected):
    assert last(text)[key] == expected


def test_variables_are_inherited_with_the_stage_and_args_named_before_from():
    text = "ARG V=1\nFROM a AS one\nENV W=/w\nFROM one\nARG V\nWORKDIR $W/$V\nFROM b\nWORKDIR $W/$V"
    assert [step["path"] for step in parse(text).value["steps"]["WORKDIR"]] == ["/w/1", "$W/$V"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ENV A=1 B=$A", ["A"]),
        ("ENV A=1 B=${A:-2}/$A", ["A"]),
        ("ENV A=1 B=$AB", []),
        ("ENV PATH=/a:$PATH", []),
        ("ENV PATH=/a:$PATH PATH=/b:$PATH", ["PATH"]),
        ("ARG A\nENV A=1 B=$A", []),
        ("ENV A=0\nENV A=1 B=$A", []),
    ],
)
def test_variables_that_env_sets_too_late(text, expected):
    assert last(text)["early"] == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("COPY --from=one a b", [("one", 0)]),
        ("COPY --from=ONE a b", [("ONE", 0)]),
        ("COPY --from=0 a b", [("0", 0)]),
        ("COPY --from=7 a b", [("7", -1)]),
        ("COPY --from=x/y:1 a b", [("x/y:1", -1)]),
        ("COPY a b", []),
        ("RUN --mount=type=bind,from=one,target=/x --mount=from=q:1,target=/y a", [("one", 0), ("q:1", -1)]),
    ],
)
def test_what_is_read_from(text, expected):
    step = parse(f"FROM a AS one\nFROM b\n{text}").value["instructions"][-1]
    assert [(source["image"], source["stage"]) for source in step["reads"]] == expected


def test_images_are_what_is_no_stage_and_not_scratch():
    text = "FROM a:1 AS one\nFROM scratch\nFROM one\nCOPY --from=one x y\nCOPY --from=b:2 x y"
    assert [image["image"] for image in parse(text).value["images"]] == ["a:1", "b:2"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("CMD a\nUSER x\nCMD b", [True, False]),
        ("CMD a\nFROM x\nCMD b", [False, False]),
        ("CMD a", [False]),
    ],
)
def test_overridden(text, expected):
    assert [step["overridden"] for step in parse(f"FROM a\n{text}").value["steps"]["CMD"]] == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("RUN a\nRUN b", [False, True]),
        ("RUN a\n# c\n\nRUN b", [False, True]),
        ("RUN a && b\nRUN c", [False, False]),
        ("RUN a\nRUN b | c", [False, False]),
        ("RUN a\nRUN --network=none b", [False, False]),
        ("RUN a\nONBUILD RUN b", [False, False]),
        ("ONBUILD RUN a\nONBUILD RUN b", [False, False]),
        ("RUN sudo a\nRUN sh -c 'b; c'\nRUN for i in 1 2; do a; done\nRUN [ -f a ] && b", [False, True, True, True]),
        ("RUN a $(b)\nRUN c", [False, False]),
        ("RUN a\nUSER x\nRUN b", [False, False]),
        ("RUN a\nFROM b\nRUN b", [False, False]),
    ],
)
def test_runs_that_could_be_one(text, expected):
    assert [step["joins"] for step in parse(f"FROM a\n{text}").value["steps"]["RUN"]] == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("COPY x/a.tar.gz /\nRUN tar xf /a.tar.gz", True),
        ("COPY a.tgz /b.tgz\nRUN cd / && sudo tar -xf b.tgz", True),
        ("COPY a.xz /\nRUN unxz /a.xz", True),
        ("COPY a.tbz2 b.tZ /\nRUN tar xf /b.tZ", True),
        ("COPY a.tar.gz /\nRUN tar --extract --file=/a.tar.gz", True),
        ("ARG A=a.tar\nCOPY $A /\nRUN tar xf ${A}", True),
        ("COPY a.tar.gz /\nRUN tar -C /x -zxf /a.tar.gz", True),
        ("COPY a.tar.gz /\nRUN tar -czf /a.tar.gz x", False),
        ("COPY a.tar.gz /\nRUN tar tf /a.tar.gz", False),
        ("COPY a.tar.gz /\nRUN tar xf other.tar", False),
        ("COPY a.txt /\nRUN tar xf a.txt", False),
        ("COPY --from=b a.tar /\nRUN tar xf /a.tar", False),
        ("COPY a.tar /\nFROM b\nRUN tar xf /a.tar", False),
    ],
)
def test_archives_that_are_copied_and_unpacked(text, expected):
    assert parse(f"FROM a\n{text}").value["steps"]["COPY"][0]["unpacked"] is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("RUN a | b", (True, False)),
        ("RUN a || b", (False, False)),
        ("RUN echo 'a | b'", (False, False)),
        ("RUN set -o pipefail && a | b", (True, True)),
        ("RUN bash -o pipefail -c 'a | b'", (True, True)),
        ("RUN <<EOF\nset -euo pipefail\na | b\nEOF", (True, True)),
        ('SHELL ["bash", "-o", "pipefail", "-c"]\nRUN a | b', (True, True)),
        ('SHELL ["bash", "-eo", "pipefail -c"]\nRUN a | b', (True, True)),
        ('SHELL ["pwsh", "-c"]\nRUN a | b', (False, False)),
    ],
)
def test_pipes(text, expected):
    value = last(text)
    assert (value["pipes"], value["pipefail"]) == expected


def test_variables_that_a_run_sets():
    value = last("RUN A=1 b && export C='2 3' && D=4")
    assert [(one["name"], one["value"]) for one in value["sets"]] == [("A", "1"), ("C", "2 3"), ("D", "4")]


def leaving(text: str) -> list[bool]:
    found = parse(text).value["packages"]
    return [packages["leaves"] for manager in sorted(found) for packages in found[manager]]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("FROM a\nRUN apk add b", [True]),
        ("RUN apk add b", [True]),
        ("FROM a\nRUN apk add b\nFROM c", [False]),
        ("FROM a AS one\nRUN apk add b\nFROM one", [True]),
        ("FROM a\nRUN --mount=type=cache,target=/var/cache/apk apk add b", [False]),
        ("FROM a\nRUN --mount=type=cache,dst=/var/cache apk add b", [False]),
        ("FROM a\nRUN --mount=type=cache,target=/var/cache/foo apk add b", [True]),
        ("FROM a\nRUN pip install b", [True]),
        ("FROM a\nENV PIP_NO_CACHE_DIR=1\nRUN pip install b", [False]),
        ("FROM a\nENV PIP_NO_CACHE_DIR=off\nRUN pip install b", [True]),
        ("FROM a\nRUN export PIP_NO_CACHE_DIR=yes && pip install b", [False]),
        ("FROM a AS one\nENV PIP_NO_CACHE_DIR=1\nFROM one\nRUN pip install b", [False]),
        ("FROM a\nENV PIP_NO_CACHE_DIR=1\nFROM b\nRUN pip install b", [True]),
    ],
)
def test_what_stays_in_the_image(text, expected):
    assert leaving(text) == expected


def test_the_same_values_stand_where_rules_find_them():
    value = parse("MAINTAINER x\nFROM a\nRUN curl b && sudo apt-get update\nCMD curl c").value
    run = value["instructions"][2]
    assert value["steps"]["RUN"] == [run]
    assert list(value["steps"]) == ["MAINTAINER", "FROM", "RUN", "CMD"]
    assert value["programs"] == {
        "curl": [run["commands"][0]],
        "sudo": [run["commands"][1]],
        "apt-get": [run["commands"][2]],
    }
    assert value["packages"] == {"apt": [run["commands"][2]["packages"]]}
    assert value["strays"] == [value["instructions"][0]]
    assert parse("MAINTAINER x\nRUN y").value["strays"] == []


# --- positions

SAMPLE = """\
# syntax=docker/dockerfile:1
ARG V=1 W
FROM --platform=p img:${V} AS name
  RUN --mount=type=a \\
    # comment
    first "two words" && \\
\tsecond
COPY --from=x <<EOF a /b
body
EOF
ENV A=1 \\
    B="c d"
ENV old the value
RUN <<-END
\tset -e
\t curl x |
\t  sh
\tEND
CMD ["sh", "-c", "one; two"]
EXPOSE 80 90/udp
USER u:g
HEALTHCHECK CMD x
"""


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (("args", 0), "V=1"),
        (("args", 0, "name"), "V"),
        (("args", 0, "value"), "1"),
        (("args", 1), "W"),
        (("stages", 0), "FROM --platform=p img:${V} AS name"),
        (("stages", 0, "from"), "img:${V}"),
        (("stages", 0, "from", "tag"), "img:${V}"),
        (("stages", 0, "from", "platform"), "--platform=p"),
        (("stages", 0, "name"), "name"),
        (("stages", 0, "user"), "USER u:g"),
        (("stages", 0, "health"), "HEALTHCHECK CMD x"),
        (("images", 0), "img:${V}"),
        (("images", 1), "--from=x"),
        (("instructions", 3, "reads", 0), "--from=x"),
        (("steps", "ENV", 1, "pairs", 0), "old the value"),
        (("programs", "second", 0), "second"),
        (("programs", "curl", 0, "args"), "x"),
        (("steps", "RUN", 0, "sets", 0), 'RUN --mount=type=a \\\n    # comment\n    first "two words" && \\\n\tsecond'),
        (("stages", 0, "shell"), "FROM --platform=p img:${V} AS name"),
        (("stages", 0, "instructions", 3, "pairs", 0, "name"), "A"),
        (("instructions", 1), "FROM --platform=p img:${V} AS name"),
        (
            ("instructions", 2),
            'RUN --mount=type=a \\\n    # comment\n    first "two words" && \\\n\tsecond',
        ),
        (("instructions", 2, "name"), "RUN"),
        (("instructions", 2, "flags", "mount", 0), "--mount=type=a"),
        (("instructions", 2, "text"), 'first "two words" && \\\n\tsecond'),
        (("instructions", 2, "args", 1), '"two words"'),
        (("instructions", 2, "args", 3), "second"),
        (("instructions", 2, "commands", 0), 'first "two words"'),
        (("instructions", 2, "commands", 0, "name"), "first"),
        (("instructions", 2, "commands", 0, "args", 0), '"two words"'),
        (("instructions", 2, "commands", 1), "second"),
        (("instructions", 3), "COPY --from=x <<EOF a /b\nbody\nEOF"),
        (("instructions", 3, "sources", 0), "a"),
        (("instructions", 3, "target"), "/b"),
        (("instructions", 3, "heredocs", 0), "body"),
        (("instructions", 4, "pairs", 1), 'B="c d"'),
        (("instructions", 4, "pairs", 1, "value"), '"c d"'),
        (("instructions", 5, "pairs", 0, "name"), "old"),
        (("instructions", 5, "pairs", 0, "value"), "the value"),
        (("instructions", 6, "commands", 1), "curl x"),
        (("instructions", 6, "commands", 2), "sh"),
        (("instructions", 7, "args", 2), '"one; two"'),
        (("instructions", 7, "commands", 0), '"sh", "-c", "one; two"'),
        (("instructions", 7, "commands", 1), '"one; two"'),
        (("instructions", 8, "ports", 1, "port"), "90/udp"),
        (("instructions", 9, "user"), "u:g"),
        (("instructions", 9, "form"), "USER u:g"),
    ],
)
def test_positions(path, expected):
    assert source(parse(SAMPLE), SAMPLE, *path) == expected


def test_position_of_what_is_not_there():
    root = parse(SAMPLE)
    assert root.span(("instructions", 99)) == Span(1, 1, 1, 1)
    assert root.span(("instructions", 2, "args", 99)) == root.span(("instructions", 2))
    assert root.span(("stages", 0, "nothing", "here")) == root.span(("stages", 0))


def test_positions_at_open_ends():
    assert parse("FROM a\nRUN a \\\n\\\n\n# x").span(("instructions", 1)) == Span(2, 1, 2, 6)
    assert parse("FROM a\nUSER b\nONBUILD USER c").span(("stages", 0, "user")) == Span(2, 1, 2, 7)


def test_position_in_a_sub_tree():
    root = parse(SAMPLE).at("stages", 0)
    assert source(root, SAMPLE, "from") == "img:${V}"


# --- errors


@pytest.mark.parametrize(
    ("text", "line", "column", "words"),
    [
        ("", 1, 1, "no instructions"),
        ("# only a comment\n", 1, 1, "no instructions"),
        ("FROM a\n  RUM x", 2, 3, "did you mean RUN?"),
        ("FROM a\n~ \n", 2, 1, "unknown instruction '~'"),
        ("FROM a\nONBUILD XYZ b", 2, 9, "unknown instruction 'XYZ'"),
        ("FROM", 1, 1, "FROM needs an image"),
        ("FROM a b", 1, 8, "image AS name"),
        ("FROM a AS", 1, 8, "image AS name"),
        ("FROM a AS b c", 1, 8, "image AS name"),
        ("FROM a\nENV A", 2, 1, "ENV needs a name and a value"),
        ("FROM a\nENV A=1 B", 2, 9, "'B' has no ="),
        ("FROM a\nLABEL a=1 \\\n  b", 3, 3, "'b' has no ="),
        ("FROM a\nCOPY x", 2, 1, "COPY needs a source and a destination"),
        ("FROM a\nCOPY --from=x", 2, 1, "COPY needs"),
        ('FROM a\nADD ["x"]', 2, 1, "ADD needs"),
        ("FROM a\nUSER", 2, 1, "USER needs a user"),
        ("FROM a\nONBUILD", 2, 1, "ONBUILD needs an instruction"),
        ("FROM a\nHEALTHCHECK x", 2, 1, "HEALTHCHECK needs CMD"),
        ("FROM a\nRUN <<EOF\nx\n", 2, 5, "'EOF' has no end"),
        ("FROM a\nRUN a \\\n  <<A <<B\nA\n", 3, 7, "'B' has no end"),
        ("# escape=x\nFROM a", 1, 1, "must be"),
        ("#syntax=a\n#syntax=b\nFROM a", 2, 1, "given twice"),
    ],
)
def test_errors(text, line, column, words):
    error = fails(text)
    assert (error.line, error.column) == (line, column)
    assert words in error.message


# --- properties

KEYWORDS = ["FROM ", "RUN ", "COPY ", "ENV ", "ARG ", "ONBUILD ", "HEALTHCHECK ", "CMD ", "USER ", "SHELL ", " AS "]
MARKS = [
    "b=c",
    "${A:-b}",
    "$(",
    ")",
    "[",
    "]",
    ",",
    "|",
    ";",
    "&&",
    ":",
    "@",
    "--x=y",
    "`",
    "\\",
    "'",
    '"',
    "#",
    "a",
    "é",
]
BLOCKS = ["<<EOF", "<<-'E'", "EOF\n", "E\n", "# escape=`\n", " ", "\t", "\\\n", "\n", "\r\n", "\x0b", "\u2028"]
FRAGMENTS = st.sampled_from(KEYWORDS) | st.sampled_from(MARKS) | st.sampled_from(BLOCKS)
TEXTS = st.lists(FRAGMENTS, max_size=40).map("".join) | st.text(max_size=60)


def nodes(value, path=()):
    yield path
    if isinstance(value, dict | list):
        for key, child in value.items() if isinstance(value, dict) else enumerate(value):
            yield from nodes(child, (*path, key))


def outcome(text: str) -> Root | ParseError:
    try:
        return parse(text)
    except ParseError as error:
        return error


@settings(deadline=None)
@given(TEXTS)
def test_any_text_parses_or_fails_within_the_file(text):
    lines = text.split("\n")
    found = outcome(text)
    if isinstance(found, ParseError):
        spans = [Span(found.line, found.column, found.line, found.column)]
    else:
        spans = [found.span(path) for path in nodes(found.value)]
    for span in spans:
        assert (1, 1) <= (span.line, span.column) <= (span.end_line, span.end_column)
        assert span.end_line <= len(lines)
        assert span.end_column <= len(lines[span.end_line - 1]) + 1


WORDS = st.text("abcxyz0123456789./_-é", min_size=1, max_size=8).filter(lambda word: not word.startswith("-"))
BREAKS = st.sampled_from([" ", "  ", " \\\n", " \\\n    ", " \\\n  # comment\n  ", " \\\n\n", "\\\n "])
INSTRUCTIONS = st.tuples(
    st.sampled_from(["RUN", "run", "CMD", "ENTRYPOINT", "VOLUME", "STOPSIGNAL", "MAINTAINER"]),
    st.lists(WORDS, min_size=1, max_size=5),
)
GAPS = st.sampled_from(["", "\n", "# comment\n", "   \n  # x\n"])


@settings(deadline=None)
@given(st.lists(INSTRUCTIONS, max_size=6), st.data())
def test_a_generated_file_comes_back(instructions, data):
    text = "FROM a\n"
    expected = [("FROM", ["a"], 1, 1)]
    for name, words in instructions:
        text += data.draw(GAPS)
        start = text.count("\n") + 1
        text += name + "".join(data.draw(BREAKS) + word for word in words)
        expected.append((name.upper(), words, start, text.count("\n") + 1))
        text += "\n"
    root = parse(text)
    found = []
    for index, value in enumerate(root.value["instructions"]):
        span = root.span(("instructions", index))
        found.append((value["name"], value["args"], span.line, span.end_line))
        assert value["text"].split() == value["args"]
        for at, word in enumerate(value["args"]):
            assert source(root, text, "instructions", index, "args", at) == word
    assert found == expected


# --- hostile input


@pytest.mark.parametrize(
    "text",
    [
        "FROM a\nRUN " + "\"'" * 200_000,
        "FROM a\nRUN " + "$(" * 200_000,
        "FROM a\nRUN " + "\\" * 300_001,
        "FROM a\nENV " + 'A=\\" ' * 100_000,
        "FROM a\nCMD [" + '"a",' * 100_000,
        "FROM a\nCMD " + "[" * 300_000,
        "FROM a\nRUN a \\\n" + "\\\n" * 200_000,
        "FROM a\nRUN " + "".join(f"<<A{i} " for i in range(50_000)),
        "FROM a AS a\n" * 20_000,
        "ARG A=xxxx\n"
        + "".join(f"ARG A{i}=$A{i - 1 if i else ''}$A{i - 1 if i else ''}\n" for i in range(3_000))
        + "FROM $A2999",
        "FROM " + "${" * 200_000,
        "FROM " + "$A" * 200_000,
        "FROM a AS s0\n" + "".join(f"FROM s{i} AS s{i + 1}\nENV V{i}=$V{i - 1}\nUSER $V{i}\n" for i in range(5_000)),
        "FROM a AS s0\n" + "".join(f"FROM s{i} AS s{i + 1}\nLABEL l{i}=1\n" for i in range(5_000)),
        "FROM a\nENV " + " ".join(f"V{i}=$V{i + 1}" for i in range(50_000)),
        "FROM a\n" + "ENV A=1\nRUN pip install b\n" * 10_000,
        "FROM a\nRUN " + "--mount=type=cache,from=b,target=/x " * 30_000 + "c",
        "FROM a\nRUN " + "apt-get update; rm -rf /var/x; " * 20_000,
        "FROM a\n" + "COPY a.tar b\nRUN tar x a.tar\n" * 10_000,
        "FROM a\nCOPY a.tar b\nRUN tar -" + "x" * 200_000 + "! a.tar",
        "FROM a\nARG A=" + "b" * 1_000 + "\nCOPY " + "$A " * 100_000 + "c/",
        "FROM a\n" + "CMD a\nUSER b\n" * 10_000,
        "FROM a\nRUN " + "sh -c 'sudo " * 50_000,
        "FROM a\nRUN " + '"$(a ' * 100_000,
    ],
    ids=lambda text: text[:24],
)
def test_hostile_text_takes_bounded_time(text):
    start = time.process_time()
    outcome(text)
    assert time.process_time() - start < 8


def test_positions_of_many_nodes_take_bounded_time():
    root = parse("FROM a\nRUN " + "a;" * 20_000 + "\nRUN <<EOF\n" + "b c\n" * 20_000 + "EOF\n")
    start = time.process_time()
    for index in range(20_000):
        assert root.span(("instructions", 1, "commands", index)).line == 2
        assert root.span(("instructions", 2, "commands", index)).line == 4 + index
    assert time.process_time() - start < 5
