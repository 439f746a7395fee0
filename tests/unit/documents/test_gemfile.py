from __future__ import annotations

import time

import pathspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardrails.documents.document import Root
from guardrails.documents.gemfile import FORMAT
from tests.unit.documents.trees import source


def parse(text: str) -> Root:
    (root,) = FORMAT.parse(text).roots
    return root


def gems(text: str) -> list[str]:
    return parse(text).value["gems"]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("Gemfile", True),
        ("web/Gemfile", True),
        ("gems.rb", True),
        ("gemfiles/rails7.gemfile", True),
        ("Gemfile.lock", False),
    ],
)
def test_paths(path, expected):
    assert pathspec.GitIgnoreSpec.from_lines(FORMAT.paths).match_file(path) is expected


@pytest.mark.parametrize(
    "text",
    [
        'gem "a"',
        "gem 'a'\r\n",
        'gem("a", "~> 1.0")',
        'gem "a", # which does it\n  "~> 1.0",\n  require: false',
        'gem "a", \\\n  if: true',
        'gem "a", git: "https://example.org/a#{b}.git", branch: :if',
        'gem "a" # if it rains',
        'group :test, :dev do\n  gem "a"\nend',
        'group :test,\n      :dev do\n  gem "a"\nend',
        'source "https://example.org" do\n  platforms :ruby do\n    gem "a"\n  end\nend',
        'install_if -> { windows? } do\n  gem "a"\nend',
        'if ENV["X"]\n  gem "b"\nelse\n  gem "c"\nend\ngem "a"',
        'x = if ENV["X"] then 1 else 2 end\ngem "a"',
        'x = [\n  "b",\n]\ngem "a"',
        'while x do\n  gem "b"\nend\ngem "a"',
        '%w[b c].each do |name|\n  gem name\n  gem "b"\nend\ngem "a"',
        'def own(name)\n  gem "b"\nend\ngem "a"',
        '=begin\ngem "b"\nif\n=end\ngem "a"',
        'gem "a"\n__END__\ngem "b"',
        'gem "a"\nputs <<~TEXT\ngem "b"\nTEXT\n',
        'gem "a"\nend\ngem "b"',
        'gem "a"\nreturn if x\ngem "b"',
        'gem "a"\nputs "unclosed\ngem "b"',
        'x.if\nx.end\nputs x.class\ngem "a"',
        'puts "end if #{x}"\ngem "a"',
        'raise_later = 1 unless x\ngem "a"',
    ],
)
def test_what_counts(text):
    assert gems(text) == ["a"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        '# gem "a"',
        'gem "a" if x',
        'gem "a",\n  "1.0" unless x',
        'gem "a", # when x\n  "1.0" if x',
        'gem "a" \\\n  if x',
        "gem name",
        'gem "a#{b}"',
        "gem %w[a]",
        'gems "a"',
        'x.gem "a"',
        'unless x\n  gem "a"\nend',
        'unless x\n  group :test do\n    gem "a"\n  end\nend',
        'case x\nwhen 1\n  gem "a"\nend',
        'y = begin\n  gem "a"\nend',
        'x.each { |y|\n  gem "a"\n}',
        'gem "a" rescue nil',
        "gem",
        "gem(",
        'end\ngem "a"',
        ')\ngem "a"',
        ')\n(\ngem "a"',
        'gem "a" + suffix',
        'gem("a" % name)',
        'x = <<~ruby\n  gem "a"\nruby',
        "# " + "x" * 10_000 + '\ngem "a"',
        "x " + ",\n" * 10_001 + '\ngem "a"',
    ],
)
def test_what_does_not(text):
    assert gems(text) == []


def test_places():
    text = 'source "x"\n  gem("a", "1")\ngem \'b\',\n  "2"\n'
    root = parse(text)
    assert [source(root, text, "gems", index) for index in (0, 1)] == ['"a"', "'b'"]
    assert root.span(("gems", 1)).line == 3


PARTS = st.sampled_from(
    ['gem "a"', "gem 'b'", "if", "end", " do", "group", "\n", ",", "(", ")", "#", '"', "\\", "=begin", "%w[", "é", " "]
)


@given(st.lists(PARTS).map("".join) | st.text())
def test_any_text_is_read(text):
    root = parse(text)
    assert all(name in text for name in root.value["gems"])


@given(
    st.lists(st.sampled_from("abcd"), max_size=5),
    st.sampled_from(["if x", "%w[x].each do |y|", "case x", "begin", "def x"]),
)
def test_a_condition_hides_what_is_in_it_and_no_more(names, opening):
    text = "".join(f'gem "{name}"\n' for name in names)
    assert gems(text) == names
    assert gems(f'{opening}\n{text}end\ngem "last"\n') == ["last"]
    assert gems(f'group :test do\n{text}end\ngem "last"\n') == [*names, "last"]


@pytest.mark.parametrize(
    "text",
    [
        '\\"' * 150_000,
        '"\\"' * 100_000,
        "%w[" * 100_000,
        "'" * 200_001,
        "(" * 200_000,
        "a,\n" * 100_000,
        "do " * 100_000,
        "group do\n" * 100_000,
    ],
)
def test_time_is_linear(text):
    start = time.process_time()
    parse(text)
    assert time.process_time() - start < 3
