"""The action, and the templates of other CI: their own scripts in a shell, on a pull request that breaks a rule."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from guardrails import __version__

ROOT = Path(__file__).parents[2]
ACTION = yaml.safe_load((ROOT / "action.yml").read_text())
GITLAB = yaml.safe_load((ROOT / "ci" / "gitlab.yml").read_text())
AZURE = yaml.safe_load((ROOT / "ci" / "azure-pipelines.yml").read_text())
GITHUB = yaml.safe_load((ROOT / "ci" / "github.yml").read_text())
PACKAGE = "git+https://git.example.org/guardrails@v1.2.3"
CONFLICT = "<<<<<<< HEAD\na = 1\n=======\na = 2\n>>>>>>> other\n"
MINE = (
    "action.yml",
    ".pre-commit-hooks.yaml",
    *(f"ci/{path.name}" for path in (ROOT / "ci").iterdir() if path.suffix != ".md"),
)

PYTHON = """\
#!/bin/sh
# Makes environments in no time: whatever is installed into one, the guardrails under test is in it.
case "$*" in
"-I -m venv "*)
    mkdir -p "$4/bin"
    printf '#!/bin/sh\\necho "$@" >> "{log}"\\n' > "$4/bin/python"
    printf '#!/bin/sh\\nexec "{real}" -m guardrails "$@"\\n' > "$4/bin/guardrails"
    chmod +x "$4/bin/python" "$4/bin/guardrails" ;;
*) exec "{real}" "$@" ;;
esac
"""


class Runner:
    """A machine of a CI with a clone of a pull request: ``old.py`` was broken before, ``new.py`` is by it."""

    def __init__(self, repo, tmp_path):
        self.repo = repo
        self.temp = tmp_path / "temp"
        self.log = tmp_path / "pip.log"
        tools = tmp_path / "tools"
        self.temp.mkdir()
        tools.mkdir()
        (tools / "python3").write_text(PYTHON.format(real=sys.executable, log=self.log))
        (tools / "python3").chmod(0o755)
        others = [each for each in os.get_exec_path() if not Path(each, "guardrails").exists()]
        self.env = repo.env | {"PATH": os.pathsep.join([str(tools), *others]), "TMPDIR": str(self.temp)}
        repo.write({"old.py": CONFLICT, "README.md": "# A\n"}).commit("base")
        self.base = repo.git("rev-parse", "HEAD").strip()
        repo.git("update-ref", "refs/remotes/origin/main", "HEAD")
        repo.git("switch", "-q", "-c", "topic")
        repo.write({"new.py": CONFLICT}).commit("topic")

    def shell(self, script, *, cwd=None, shell=("bash", "--noprofile", "--norc", "-eo", "pipefail"), **env):
        file = self.temp / "script.sh"
        file.write_text(script)
        return subprocess.run(
            [*shell, str(file)],
            cwd=cwd or self.repo.root,
            env=self.env | env,
            capture_output=True,
            text=True,
            check=False,
            stdin=subprocess.DEVNULL,
        )

    def installed(self):
        """What pip was asked for."""
        return self.log.read_text().split("\n")[0].rpartition("--quiet ")[2] if self.log.exists() else ""


@pytest.fixture
def runner(repo, tmp_path):
    return Runner(repo, tmp_path)


class Action:
    """The action as the runner of GitHub runs it."""

    def __init__(self, runner):
        self.runner = runner
        self.summary = runner.temp / "summary.md"
        self.output = runner.temp / "output"
        self.summary.write_text("# Before\n")

    def run(self, **inputs):
        """The result of the step that ended the run."""
        given = {name: spec["default"] for name, spec in ACTION["inputs"].items()}
        given |= {name.replace("_", "-"): value for name, value in inputs.items()}
        for step in ACTION["runs"]["steps"]:
            if step.get("if") == "inputs.program == ''" and given["program"]:
                continue
            done = self.runner.shell(
                step["run"],
                cwd=self.runner.repo.root / fill(step.get("working-directory", "."), given),
                GITHUB_ACTIONS="true",
                GITHUB_EVENT_NAME="pull_request",
                GITHUB_BASE_REF="main",
                GITHUB_ACTION_PATH=str(ROOT),
                GITHUB_STEP_SUMMARY=str(self.summary),
                GITHUB_OUTPUT=str(self.output),
                RUNNER_TEMP=str(self.runner.temp),
                **{name: fill(value, given) for name, value in step["env"].items()},
            )
            if done.returncode:
                break
        return done


def fill(text, inputs):
    return re.sub(r"\$\{\{ (?:inputs|parameters)\.([\w-]+) }}", lambda found: inputs[found[1]], text)


@pytest.fixture
def action(runner):
    return Action(runner)


def judged(done):
    """The files with findings of the merge conflict rule."""
    return set(re.findall(r"file=(\w+\.py)[^\n]*merge-conflict", done.stdout))


def test_a_pull_request_is_annotated_summed_up_and_stopped(action):
    done = action.run(sarif="report.sarif")
    assert done.returncode == 1, done.stdout + done.stderr
    assert judged(done) == {"new.py"}
    assert done.stdout.startswith("::error file=new.py,line=1")
    summary = action.summary.read_text()
    assert summary.startswith("# Before\n")
    assert "new.py" in summary
    assert action.output.read_text() == "exit-code=1\n"
    report = json.loads((action.runner.repo.root / "report.sarif").read_text())
    assert any(result["ruleId"] == "text-files/merge-conflict" for result in report["runs"][0]["results"])
    assert action.runner.installed() == str(ROOT)


def test_a_change_that_breaks_nothing_passes(action):
    action.runner.repo.write({"new.py": "a = 1\n"}).commit()
    done = action.run()
    assert done.returncode == 0, done.stdout + done.stderr
    assert action.output.read_text() == "exit-code=0\n"
    assert not list(action.runner.repo.root.glob("*.sarif"))


def test_without_a_base_the_whole_repository_is_judged(action):
    assert judged(action.run(since="")) == {"old.py", "new.py"}


def test_new_only_leaves_out_what_was_there(action):
    action.runner.repo.write({"old.py": CONFLICT + "b = 1\n"}).commit()
    assert judged(action.run()) == {"old.py", "new.py"}
    assert judged(action.run(new_only="true")) == {"new.py"}


def test_paths_and_arguments_are_taken_by_the_line(action):
    action.runner.repo.write({"with blank.py": CONFLICT, "-odd.py": CONFLICT, "sub/x.py": "a = 1\n"}).commit()
    done = action.run(paths="with blank.py\n-odd.py\n", arguments="--select\ntext-files/*\n")
    assert done.returncode == 1, done.stdout
    assert "file=with blank.py" in done.stdout
    assert "file=-odd.py" in done.stdout
    assert "file=new.py" not in done.stdout


def test_it_runs_in_the_working_directory(action):
    action.runner.repo.write({"sub/x.py": CONFLICT}).commit()
    done = action.run(working_directory="sub", paths=".", sarif="report.sarif")
    assert "file=sub/x.py" in done.stdout
    assert (action.runner.repo.root / "sub" / "report.sarif").is_file()
    assert "file=new.py" not in done.stdout


def test_the_profile_reaches_the_run(action):
    action.runner.repo.write({".github/workflows/a.yml": "on: push\njobs: {}\n"}).commit()
    assert "github-workflows/" not in action.run().stdout
    assert action.run(profile="nonsense").returncode == 2
    assert action.run(profile="all").returncode == 1


def test_an_installed_program_is_run_and_nothing_installed(action):
    program = action.runner.temp / "mine"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m guardrails "$@"\n')
    program.chmod(0o755)
    assert action.run(program=str(program)).returncode == 1
    assert action.runner.installed() == ""


def test_no_summary_on_request(action):
    assert action.run(job_summary="false").returncode == 1
    assert action.summary.read_text() == "# Before\n"


@pytest.mark.parametrize("name", ["new_only", "job_summary"])
def test_a_flag_is_true_or_false(action, name):
    done = action.run(**{name: "yes"})
    assert done.returncode == 2
    assert "::error title=guardrails::new-only and job-summary are" in done.stdout


def test_a_broken_run_is_exit_2_with_an_annotation_and_no_stale_summary(action):
    action.run()
    action.summary.write_text("")
    action.runner.repo.write({".guardrails.yaml": "profile: lax\n"}).commit()
    done = action.run()
    assert done.returncode == 2
    assert "exit-code=2" in action.output.read_text()
    assert action.summary.read_text() == ""


def test_an_old_python_is_named(action):
    old = action.runner.temp / "old-python"
    old.write_text("#!/bin/sh\nexit 1\n")
    old.chmod(0o755)
    done = action.run(python=str(old))
    assert done.returncode == 2
    assert "Python 3.11" in done.stdout


@pytest.mark.parametrize("text", ["$(touch pwned)", "`touch pwned`", "'; touch pwned; '", '"; touch pwned; "'])
def test_no_input_becomes_part_of_a_script(action, text):
    for name in ("since", "new_only", "profile", "paths", "sarif", "job_summary", "arguments", "python", "program"):
        action.run(**{name: text})
    assert not list(action.runner.repo.root.rglob("pwned"))


def test_no_script_has_an_expression_in_it():
    for step in ACTION["runs"]["steps"]:
        assert "${{" not in step["run"]
        assert step["run"].startswith("set -euo pipefail\n")
        assert step["shell"] == "bash"
    for step in GITHUB["jobs"]["guardrails"]["steps"]:
        assert "${{" not in step.get("run", "")


def test_every_input_is_used_and_described():
    text = (ROOT / "action.yml").read_text()
    page = (ROOT / "docs" / "ci.md").read_text()
    for name, spec in ACTION["inputs"].items():
        assert f"inputs.{name} " in text, name
        assert spec["description"].endswith("."), name
        assert f"`{name}`" in page, name


def test_modules_of_the_repository_take_no_part(action):
    planted = dict.fromkeys(("venv.py", "pip.py", "sys.py", "json.py"), "open('pwned', 'w')\n")
    action.runner.repo.write(planted).commit()
    for step in ACTION["runs"]["steps"][:1]:
        # The real Python: it would take a module of the current folder for one of its own.
        done = action.runner.shell(
            step["run"].replace("pip install", "pip --version #"),
            PYTHON=sys.executable,
            RUNNER_TEMP=str(action.runner.temp),
            GITHUB_ACTION_PATH=str(ROOT),
        )
        assert done.returncode == 0, done.stderr
    assert not (action.runner.repo.root / "pwned").exists()


def test_the_workflow_that_init_writes(runner):
    steps = [step for step in GITHUB["jobs"]["guardrails"]["steps"] if "run" in step]
    env = {"RUNNER_TEMP": str(runner.temp), "GITHUB_ACTIONS": "true", "GITHUB_BASE_REF": "main"}
    install, check = (runner.shell(step["run"], **env, **step.get("env", {})) for step in steps)
    assert install.returncode == 0, install.stderr
    assert runner.installed() == "<what pip installs>"
    assert check.returncode == 1, check.stderr
    assert judged(check) == {"new.py"}


def test_the_job_of_gitlab(runner):
    job = GITLAB[".guardrails"]
    done = runner.shell(
        "\n".join(job["script"]),
        **job["variables"] | {"GUARDRAILS_PACKAGE": PACKAGE},
        GITLAB_CI="true",
        CI_MERGE_REQUEST_DIFF_BASE_SHA=runner.base,
        CI_MERGE_REQUEST_TARGET_BRANCH_NAME="main",
    )
    assert done.returncode == 1, done.stderr
    assert runner.installed() == PACKAGE
    assert "new.py" in done.stdout
    assert "old.py" not in done.stdout
    reports = job["artifacts"]["reports"]
    assert {issue["location"]["path"] for issue in json.loads((runner.repo.root / reports["codequality"]).read_text())}
    assert "<testsuite" in (runner.repo.root / reports["junit"]).read_text()


def test_the_job_of_gitlab_runs_for_merge_requests_and_the_default_branch():
    assert GITLAB["guardrails"]["extends"] == ".guardrails"
    assert [rule["if"] for rule in GITLAB["guardrails"]["rules"]] == [
        '$CI_PIPELINE_SOURCE == "merge_request_event"',
        "$CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH",
    ]
    assert GITLAB[".guardrails"]["variables"]["GIT_DEPTH"] == "0"


def test_the_steps_of_azure(runner):
    defaults = {parameter["name"]: parameter["default"] for parameter in AZURE["parameters"]}
    given = defaults | {"package": PACKAGE, "arguments": "--select text-files/*"}
    checkout, *scripts, publish = AZURE["steps"]
    assert (checkout["fetchDepth"], checkout["persistCredentials"]) == (0, False)
    env = {"AGENT_TEMPDIRECTORY": str(runner.temp), "TF_BUILD": "True", "BUILD_REASON": "PullRequest"}
    env |= {"SYSTEM_PULLREQUEST_TARGETBRANCH": "refs/heads/main"}
    for step in scripts:
        done = runner.shell(
            step["bash"], shell=("bash",), **env, **{name: fill(value, given) for name, value in step["env"].items()}
        )
    assert done.returncode == 1, done.stderr
    assert runner.installed() == PACKAGE
    assert "new.py" in done.stdout
    assert "old.py" not in done.stdout
    path = publish["inputs"]["testResultsFiles"].replace("$(Agent.TempDirectory)", str(runner.temp))
    assert "<testsuite" in Path(path).read_text()
    assert publish["condition"] == "succeededOrFailed()"


@pytest.fixture(params=["sh", "bash"])
def script(request, runner):
    def run(*args, **env):
        command = f'"{ROOT / "ci" / "check.sh"}" "$@"'
        return runner.shell(f"set -- {' '.join(args)}\n{request.param} {command}", GUARDRAILS_PACKAGE=PACKAGE, **env)

    return run


def test_the_script_for_any_other_ci(script, runner):
    done = script(GUARDRAILS_SINCE="origin/main")
    assert done.returncode == 1, done.stderr
    assert runner.installed() == PACKAGE
    assert "new.py" in done.stdout
    assert "old.py" not in done.stdout
    assert [path.name for path in runner.temp.iterdir()] == ["script.sh"], "the environment is taken away"


def test_the_script_passes_arguments_on_and_judges_everything_without_a_base(script):
    done = script("--format", "concise", GUARDRAILS_SINCE="")
    assert "old.py:1" in done.stdout


def test_the_script_asks_the_ci_for_the_base(script):
    done = script(BITBUCKET_BUILD_NUMBER="1", BITBUCKET_PR_DESTINATION_BRANCH="main")
    assert done.returncode == 1, done.stderr
    assert "old.py" not in done.stdout


def test_the_script_runs_the_guardrails_of_the_image(script, runner):
    program = Path(runner.env["PATH"].partition(os.pathsep)[0], "guardrails")
    program.write_text('#!/bin/sh\necho "ran $@ since $GUARDRAILS_SINCE"\n')
    program.chmod(0o755)
    assert script("--staged").stdout == "ran check --staged since auto\n"
    assert runner.installed() == ""


def test_the_script_without_a_python_is_exit_2(runner, tmp_path):
    bare = tmp_path / "bare"
    bare.mkdir()
    for tool in ("mktemp", "rm"):
        (bare / tool).symlink_to(shutil.which(tool))
    done = runner.shell((ROOT / "ci" / "check.sh").read_text(), shell=(shutil.which("sh"),), PATH=str(bare))
    assert done.returncode == 2
    assert "Python 3.11" in done.stderr


def test_the_script_tells_a_failed_installation_from_a_finding(runner):
    failing = PYTHON.format(real=sys.executable, log=runner.log).replace('echo "$@"', "exit 1")
    (Path(runner.env["PATH"].partition(os.pathsep)[0]) / "python3").write_text(failing)
    done = runner.shell((ROOT / "ci" / "check.sh").read_text(), shell=("sh",))
    assert done.returncode == 2, done.stderr


def test_what_we_ship_for_ci_passes_our_own_rules(repo):
    # Copies: as templates and where they come to lie.
    homes = {
        "ci/github.yml": ".github/workflows/guardrails.yml",
        "ci/gitlab.yml": ".gitlab-ci.yml",
        "ci/azure-pipelines.yml": "azure-pipelines.yml",
    }
    for path in MINE:
        repo.write({home: (ROOT / path).read_bytes() for home in {path, homes.get(path, path)}})
    (repo.root / "ci" / "check.sh").chmod(0o755)
    repo.commit()
    done = repo.run("check", "--profile", "all", "--ignore", "licence-headers", "--format", "concise")
    ours = [line for line in done.stdout.splitlines() if line.startswith((*MINE, *homes.values()))]
    assert not ours


def test_the_page_shows_what_is_there():
    page = (ROOT / "docs" / "ci.md").read_text()
    for path in ("action.yml", "ci/gitlab.yml", "ci/azure-pipelines.yml", "ci/check.sh", ".pre-commit-hooks.yaml"):
        assert path in page, path
    for hook in yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text()):
        assert f"`{hook['id']}`" in page
    assert f"v{__version__}" in page
    for block in re.findall(r"```yaml\n(.*?)```", page, flags=re.DOTALL):
        yaml.safe_load(block)
