"""Paths: our evaluator against the reference library, messages for wrong paths, and bounds."""

from __future__ import annotations

import pickle
import subprocess
import sys
from typing import Any

import jsonpath_rfc9535 as reference
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guardrails.checks import jsonpath
from guardrails.checks.jsonpath import PathError, Paths, Tree
from guardrails.checks.jsonpath_filters import PlainFilter
from guardrails.documents.document import MAX_DEPTH, ParseError

STORE = {
    "store": {
        "book": [
            {"category": "reference", "title": "A", "price": 8.95},
            {"category": "fiction", "title": "B", "price": 12.99, "isbn": "1"},
            {"category": "fiction", "title": "C", "price": 8.99, "isbn": "2"},
        ],
        "bicycle": {"color": "red", "price": 399},
    },
    "o": {"j j": {"k.k": 3}, "'": {"@": 2}},
    "a": [3, 5, [{"j": 1}, {"k": 2}], {"b": None}],
}


def select(path: str, value: Any) -> list[tuple[tuple[str | int, ...], Any]]:
    return list(Tree(value).select(jsonpath.compile(path)))


def expected(path: str, value: Any) -> list[tuple[tuple[str | int, ...], Any]]:
    return [(node.location, node.value) for node in reference.find(path, value)]


@pytest.mark.parametrize(
    ("path", "locations"),
    [
        ("$", [()]),
        ("$.a[0]", [("a", 0)]),
        ("$.a[-1]", [("a", 3)]),
        ("$.a[9]", []),
        ("$.a[-9]", []),
        ("$['o']['j j']['k.k']", [("o", "j j", "k.k")]),
        ("$.store.book[*].isbn", [("store", "book", 1, "isbn"), ("store", "book", 2, "isbn")]),
        ("$..isbn", [("store", "book", 1, "isbn"), ("store", "book", 2, "isbn")]),
        ("$.a[1:3]", [("a", 1), ("a", 2)]),
        ("$.a[::-2]", [("a", 3), ("a", 1)]),
        ("$.a[0:4:0]", []),
        ("$.a['b']", []),
        ("$.o[0]", []),
        ("$.a[0, 0]", [("a", 0), ("a", 0)]),
        ("$.store.*", [("store", "book"), ("store", "bicycle")]),
        ("$.nothing..x", []),
        ("$.store.book[?@.price > 9].title", [("store", "book", 1, "title")]),
        (
            "$.store.book[?match(@.category, 'f.*')].title",
            [("store", "book", 1, "title"), ("store", "book", 2, "title")],
        ),
        ("$.store.book[?search(@.category, 'ere')].title", [("store", "book", 0, "title")]),
        ("$.store.book[?match(@.price, 'f.*')]", []),
        ("$.store.book[?search(@.title, '(')]", []),
    ],
)
def test_selects(path: str, locations: list[Any]) -> None:
    assert [location for location, _ in select(path, STORE)] == locations


@pytest.mark.parametrize(
    "path",
    [
        "$.store[?@.price > $.store.book[0].price]",
        "$..book[?@.price < 9, 0]",
        "$..[?@.isbn]['title','price']",
        "$..*",
        "$..[*]",
        "$..book[0,1]",
        "$..book[:2]",
        "$..[0]",
        "$..['price','color']",
        "$..['color','price']",
        "$..[-1,'j']",
        "$..book..title",
        "$.store..price",
        "$.a[2][*]..j",
        "$..[?@.price]",
        "$[?count(@..price) > 1]",
    ],
)
def test_agrees_with_the_reference_on_the_store(path: str) -> None:
    assert select(path, STORE) == expected(path, STORE)


names = st.sampled_from(["a", "b", "c d", "é", "'", '"', "\\"])
values = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 2) | st.text(max_size=2),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=4),
    max_leaves=25,
)


def quoted(name: str) -> str:
    return "'" + name.replace("\\", "\\\\").replace("'", "\\'") + "'"


numbers = st.integers(-4, 4)
bounds = st.one_of(st.just(""), numbers.map(str))
selectors = st.one_of(
    names.map(quoted),
    numbers.map(str),
    st.sampled_from(["*", "*", "?@['a']", "?@['b'] == 1", "?@ != $['a']", "?count(@..*) > 1"]),
    st.tuples(bounds, bounds, bounds).map(":".join),
)
segments = st.tuples(st.sampled_from(["", "", ".."]), st.lists(selectors, min_size=1, max_size=3)).map(
    lambda parts: f"{parts[0]}[{','.join(parts[1])}]"
)
paths = st.lists(segments, max_size=4).map(lambda parts: "$" + "".join(parts))
choices = st.lists(st.lists(names.map(quoted), min_size=1, max_size=3), max_size=4).map(
    lambda parts: "$" + "".join(f"[{','.join(part)}]" for part in parts)
)


@settings(deadline=None)
@given(paths, values)
def test_agrees_with_the_reference(path: str, value: Any) -> None:
    compiled = pickle.loads(pickle.dumps(jsonpath.compile(path)))
    assert list(Tree(value).select(compiled)) == expected(path, value)


@settings(deadline=None)
@given(st.lists(paths, min_size=2, max_size=5), values)
def test_one_tree_serves_many_paths(many: list[str], value: Any) -> None:
    tree = Tree(value)
    for path in many:
        assert list(tree.select(jsonpath.compile(path))) == expected(path, value)


@settings(deadline=None)
@given(st.lists(paths | choices, min_size=2, max_size=5), values)
def test_many_paths_at_a_time(many: list[str], value: Any) -> None:
    together = Paths()
    for number, path in enumerate(many):
        together.add(jsonpath.compile(path), number)
    found: dict[int, list[Any]] = {number: [] for number in range(len(many))}
    order = []
    for number, nodes in Tree(value).select_all(together):
        found[number] += nodes
        order.append(number)
    assert order == sorted(order)
    assert list(found.values()) == [expected(path, value) for path in many]


@pytest.mark.parametrize(
    ("path", "reached"),
    [
        ("$", 1),
        ("$.a", 1),
        ("$.a.b.c", 1),
        ("$.a.x[*]", 0),
        ("$.a.b.c.d", 0),
        ("$['a','x','b']", 2),
        ("$.a['b','x']['c','x'].d", 1),
        ("$.x", 0),
        ("$.l[0].x", 1),
        ("$[0]", 1),
        ("$.*", 1),
        ("$..x", 1),
    ],
)
def test_paths_whose_names_are_not_there_are_not_looked_for(path: str, reached: int) -> None:
    together = Paths()
    together.add(jsonpath.compile(path), path)
    value = {"a": {"b": {"c": 1}}, "b": 2, "l": []}
    assert [about for about, _ in Tree(value).select_all(together)] == [path] * reached


def test_choices_of_names_do_not_multiply() -> None:
    together = Paths()
    path = jsonpath.compile("$" + "['a','b','c']" * 76)
    together.add(path, "")
    value: Any = 1
    for _ in range(76):
        value = {"b": value}
    ((_, nodes),) = Tree(value).select_all(together)
    assert list(nodes) == [(("b",) * 76, 1)]


@settings(deadline=None)
@given(st.text(alphabet="$.[]*?@'\"ab-:,0()=&|! \\", max_size=15) | st.text(max_size=10))
def test_any_text_is_a_path_or_an_error(text: str) -> None:
    try:
        compiled = jsonpath.compile(text)
    except PathError:
        return
    assert list(Tree(STORE).select(compiled)) == expected(text, STORE)


@pytest.mark.parametrize(
    ("path", "message", "hint"),
    [
        ("", "expected '$'", "begins with $"),
        ("spec.containers", "expected '$'", "begins with $"),
        ("$.metadata.app-name", "column 15", "['app-name']"),
        ("$.a[?@.x=1]", "column 9", "=="),
        ("$.a[", "column 5", ""),
        ("$.a[99999999999999999999]", "out of range", ""),
        ("$[?near(@)]", "'near' is not defined", ""),
        ("$[?" + "(" * 490 + "@" + ")" * 490 + "]", "nested too deep", ""),
        ("$" + ".a" * 600, "longer than 1000 characters", ""),
    ],
)
def test_wrong_paths(path: str, message: str, hint: str) -> None:
    with pytest.raises(PathError) as caught:
        jsonpath.compile(path)
    assert message in str(caught.value)
    assert hint in caught.value.hint
    assert bool(hint) == bool(caught.value.hint)


@pytest.mark.parametrize(
    ("path", "stem"),
    [
        ("$", ()),
        ("$.a.b", ("a", "b")),
        ("$.a[0].b[*].c", ("a", 0, "b")),
        ("$.a[-1].b", ("a",)),
        ("$.a..b", ("a",)),
        ("$.a['b','c']", ("a",)),
        ("$.a[1:2]", ("a",)),
        ("$.a[?@.b]", ("a",)),
    ],
)
def test_stem(path: str, stem: tuple[str | int, ...]) -> None:
    assert jsonpath.compile(path).stem == stem


def test_keys_that_are_not_text() -> None:
    value = {"a": {1: "x", None: "y"}}
    assert select("$.a.*", value) == [(("a", 1), "x"), (("a", None), "y")]
    assert select("$..*", value)[1:] == [(("a", 1), "x"), (("a", None), "y")]
    assert select("$.a['1']", value) == []


def test_descendants_of_several_names_are_in_document_order() -> None:
    value: list[Any] = [{} for _ in range(1100)]
    value[2], value[1024] = {"b": 1}, {"a": 2}
    assert [found for _, found in select("$..['a','b']", value)] == [1, 2]


def test_deepest_documents() -> None:
    value: Any = 1
    for _ in range(MAX_DEPTH):
        value = {"a": value}
    assert len(select("$..a", value)) == MAX_DEPTH
    assert len(select("$..[?@ != 2]", value)) == MAX_DEPTH
    assert len(select("$[?count(@..*) > 1]", value)) == 1


@pytest.mark.parametrize("path", ["$" + "[*,*]" * 20 + ".none", "$" + "[*,*]" * 20 + "[?@.none]"])
def test_too_many_nodes(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jsonpath, "MAX_NODES", 1000)
    value: Any = 1
    for _ in range(30):
        value = [value]
    with pytest.raises(ParseError, match=r"selects more than 1,000 nodes"):
        select(path, value)


def test_filters_match_in_linear_time() -> None:
    value = [{"a": "ab" * 30_000 + "cd"}]
    assert select("$[?match(@.a, '(a|b|ab)*c')]", value) == []
    assert select("$[?search(@.a, '^(a|b|ab)*cc')]", value) == []


def test_running_needs_no_library() -> None:
    code = (
        "import pickle, sys\n"
        "from guardrails.checks.jsonpath import Tree\n"
        f"path = pickle.loads({pickle.dumps(jsonpath.compile('$..a[1:].b'))!r})\n"
        "assert len(list(Tree({'a': [1, {'b': 2}]}).select(path))) == 1\n"
        "assert not {'jsonpath_rfc9535', 're2', 'cel.cel', 'dataclasses'} & sys.modules.keys()\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


# ------------------------------------------------------------------------------------------------- plain filters

PLAIN = [
    "@ == 'x'",
    "@ != null || @.a",
    "@.a",
    "@['x y'].b",
    "!@.a",
    "@.a == 'x'",
    "@.a != 'x'",
    "@.a.b == true",
    "@.a != false",
    "@.a == null",
    "@.a && @.b",
    "@.a || !(@.b == 'x')",
    "(@.a || @.b) && !@.c",
]
NOT_PLAIN = ["@", "@[0]", "@..a", "@.*", "@.a > 1", "@.a == 1", "@.a == @.b", "$.a", "match(@.a, 'x')", "@['a', 'b']"]
plainly = st.sampled_from(["x", "", 0, 1, True, False, None, 1.0, [], ["x"]])
holder = st.dictionaries(st.sampled_from(["a", "b", "x y"]), plainly | st.fixed_dictionaries({"b": plainly}))
filtered = st.lists(holder | plainly, max_size=4) | st.dictionaries(st.sampled_from(["a", "b"]), holder) | plainly


@given(st.sampled_from(PLAIN), filtered)
def test_plain_filters_select_what_the_library_selects(source: str, value: Any) -> None:
    path = jsonpath.compile(f"$[?{source}]")
    ((_, (selector,)),) = path.segments
    assert isinstance(selector, PlainFilter)
    library = path._replace(segments=((False, (jsonpath.Filter(path.source, 0, 0),)),))
    assert list(jsonpath.Tree(value).select(path)) == list(jsonpath.Tree(value).select(library))


@pytest.mark.parametrize("source", NOT_PLAIN)
def test_other_filters_are_left_to_the_library(source: str) -> None:
    ((_, (selector,)),) = jsonpath.compile(f"$[?{source}]").segments
    assert isinstance(selector, jsonpath.Filter)
