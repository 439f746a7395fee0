"""A third-party plugin with one of each."""

from pluggy import HookimplMarker

hookimpl = HookimplMarker("guardrails")


@hookimpl
def guardrails_check_kinds():
    return {"word-limit": "guardrails_sample.word_limit:KIND"}


@hookimpl
def guardrails_formats():
    return {"csv": "guardrails_sample.csv_format:FORMAT"}


@hookimpl
def guardrails_reporters():
    return {"count": "guardrails_sample.count:report"}


@hookimpl
def guardrails_packs():
    return {"sample": "guardrails_sample:policies"}
