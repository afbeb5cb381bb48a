"""What several tests need: small models, and the data that is at hand."""

import os
import pathlib
import shutil
import subprocess

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np
import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent
SMALL = {
    "num_classes": 3,
    "glimpses": 3,
    "glimpse_size": 4,
    "scales": 2,
    "core_units": 6,
    "glimpse_units": 5,
    "location_units": 4,
    "units": 7,
    "location_std": 0.2,
    "sensor": "gather",
}


def _tfds_dir():
    default = ROOT.parent / "shared" / "tfds"
    return pathlib.Path(os.environ.get("TFDS_DATA_DIR", default))


@pytest.fixture(scope="session")
def make_model():
    """Builds a small model for grey images; the same weights each time.

    The biases that start at zero are moved, so that the first location is not
    the centre and the first baseline not 0.
    """
    from ram_tf import RecurrentAttentionModel

    def make(channels=1, **changes):
        keras.utils.set_random_seed(7)
        model = RecurrentAttentionModel(**{**SMALL, **changes})
        model.build((None, 9, 11, channels))
        model.cell.location_policy.dense.bias.assign([0.3, -0.2])
        model.cell.baseline.bias.assign([0.4])
        return model

    return make


@pytest.fixture(scope="session")
def make_player(make_model):
    """Builds a small model that acts; its head is far from uniform."""

    def make(**changes):
        settings = {"num_classes": None, "num_actions": 3, "core": "lstm"}
        model = make_model(**settings | changes)
        head = model.cell.action_policy.dense
        kernel = np.random.default_rng(0).normal(size=head.kernel.shape)
        head.kernel.assign(kernel)
        head.bias.assign([0.2, -0.1, 0.4][: head.units])
        return model

    return make


@pytest.fixture(scope="session")
def exported(make_model, tmp_path_factory):
    """A small model with eight glimpses, and its SavedModel's directory."""
    from ram_tf.export.warmup import write_warmup
    from ram_tf.served.pictures import Pictures
    from ram_tf.served.saved_model import save_saved_model

    # Of the kinds of sensor, the one that is not exported.
    model = make_model(glimpses=8, sensor="integral")
    directory = tmp_path_factory.mktemp("exported") / "small" / "1"
    save_saved_model(model, directory, 64, Pictures(channels=1, side=28))
    write_warmup(model, directory, "small", side=28, encoded=True)
    return model, directory


@pytest.fixture
def images():
    """Four small grey images [4, 9, 11, 1] uint8."""
    rng = np.random.default_rng(3)
    return rng.integers(0, 256, [4, 9, 11, 1], np.uint8)


@pytest.fixture(scope="session")
def digits():
    """The bundled source."""
    from ram_tf_data import sources

    return sources.load("digits")


@pytest.fixture(scope="session")
def mnist():
    """Real MNIST, where TFDS has it prepared."""
    from ram_tf_data import sources

    place = _tfds_dir()
    if not (place / "mnist").is_dir():
        pytest.skip(
            f"Real MNIST is not in {place}: set TFDS_DATA_DIR to a directory "
            "that TFDS has prepared."
        )
    return sources.load("mnist", str(place))


@pytest.fixture(scope="session")
def svhn_small_dir():
    """The folder of real crops of SVHN, where it is at hand."""
    from ram_tf_data.svhn import SMALL_FILE

    place = _tfds_dir().parent / "svhn"
    if not (place / SMALL_FILE).exists():
        pytest.skip(f"{SMALL_FILE} is not in {place}.")
    return place


@pytest.fixture(scope="session")
def gtsrb_dir():
    """The folder of real traffic signs, where it is at hand."""
    from ram_tf_data.gtsrb import FILE

    place = _tfds_dir().parent / "gtsrb"
    if not (place / FILE).exists():
        pytest.skip(f"{FILE} is not in {place}.")
    return place


@pytest.fixture(scope="session")
def run_command():
    """Runs a command's module in this process; returns its exit code."""
    from absl import flags

    def run(module, *arguments):
        argv, values = ["command", *arguments], flags.FlagValues()
        module.COMMAND.define(argv, values, "command")
        return module.COMMAND.call(argv, values)

    return run


@pytest.fixture
def write_runs(tmp_path):
    """Writes records of the cluttered task: write_runs(ram={...})."""
    from ram_tf_runs.records import workdir

    def write(**runs):
        task = tmp_path / "results" / "cluttered"
        task.mkdir(parents=True, exist_ok=True)
        for name, values in runs.items():
            workdir.write_json(task / f"{name}.json", values)
        return task

    return write


@pytest.fixture(scope="session")
def built_page(build_page):
    """The browser page of the released model for cluttered images."""
    return build_page("--large=")


@pytest.fixture(scope="session")
def built_large_page(build_page, tmp_path_factory):
    """The same with a large image, and a model of it that was never trained."""
    run = tmp_path_factory.mktemp("large") / "run"
    _save_finder(run)
    return build_page(f"--large={run / 'model.keras'}")


@pytest.fixture(scope="session")
def small_photographs(tmp_path_factory):
    """A folder of noise to hide signs in, larger than the page's, and one of
    signs; the photographs have a licence.
    """
    from tests.fixtures import small_gtsrb

    folder = tmp_path_factory.mktemp("photographs")
    small_gtsrb.write_photographs(folder, 12, larger=8)
    small_gtsrb.write_licence(folder, "noise")
    signs = tmp_path_factory.mktemp("signs")
    small_gtsrb.write_signs(signs)
    return folder, signs


@pytest.fixture(scope="session")
def built_photograph_page(build_page, small_photographs, tmp_path_factory):
    """The same with a photograph, whose model was never trained."""
    from ram_tf_data import photograph_credits
    from tests.fixtures import small_gtsrb

    folder, signs = small_photographs
    run = tmp_path_factory.mktemp("find") / "run"
    save_sign_finder(run, folder, signs)
    with pytest.MonkeyPatch.context() as patch:
        packages = {"noise": small_gtsrb.package(folder)}
        patch.setattr(photograph_credits, "PACKAGES", packages)
        return build_page(
            "--large=",
            f"--finder={run / 'model.keras'}",
            f"--backgrounds={folder}",
            f"--data_dir={signs}",
        )


def save_sign_finder(path, folder, signs, **changes):
    """A run's directory with a small model that finds signs, by chance."""
    from ram_tf_data import gtsrb
    from ram_tf_runs.records.workdir import Workdir
    from ram_tf_runs.settings.kinds.find import FindSettings
    from ram_tf_runs.tasks.kinds.find import FindTask

    settings = {"backgrounds": str(folder), "canvas": 64, "scales": 0}
    settings |= {"glimpses": 8, "glimpse_size": 12, "sensor": "pyramid"}
    settings |= {"location_policy": "colour_cells", "policy_filters": 4}
    settings |= {"first_fixation": "centre", "encoder_scales": 3}
    settings |= {"core_units": 16, "units": 16, "glimpse_units": 16}
    settings = FindSettings.build({**settings, **changes})
    run = Workdir(path)
    run.claim(settings, {}, {"class_names": list(gtsrb.NAMES)})
    keras.utils.set_random_seed(3)
    run.save_model(FindTask(settings, str(signs)).make_model())


@pytest.fixture(scope="session")
def build_page(tmp_path_factory, run_command):
    """Builds the browser page: build_page(*flags)."""
    import browser

    from ram_tf_commands import web
    from ram_tf_web import web_build

    if not shutil.which("npm") or not browser.CHROMIUM.exists():
        pytest.skip(f"The page's tests need npm and {browser.CHROMIUM}.")
    if not (web_build.PAGE / "node_modules").exists():
        command = ["npm", "ci", "--no-audit", "--no-fund"]
        subprocess.run(
            command, cwd=web_build.PAGE, check=True, capture_output=True
        )

    def build(*flags):
        path = tmp_path_factory.mktemp("web")
        flags = ("--pretrained=cluttered", f"--out={path}", *flags)
        assert run_command(web, *flags) == 0
        return path

    return build


def _save_finder(path):
    """A run's directory with a small model that chooses among its cells."""
    from ram_tf_runs.records.workdir import Workdir
    from ram_tf_runs.settings.kinds.classify import ClassifySettings
    from ram_tf_runs.tasks.kinds.classify import ClassifyTask

    settings = {"source": "digits", "canvas": 64, "clutter": 2, "scales": 0}
    settings |= {"glimpses": 4, "glimpse_size": 12, "sensor": "pyramid"}
    settings |= {"location_policy": "cells", "first_fixation": "centre"}
    settings |= {"core_units": 16, "units": 16, "glimpse_units": 16}
    settings = ClassifySettings.build({**settings, "encoder_scales": 2})
    run = Workdir(path)
    run.claim(settings, {})
    keras.utils.set_random_seed(3)
    run.save_model(ClassifyTask(settings).make_model())


@pytest.fixture(scope="module")
def host(built_page):
    """Where the browser page is served."""
    import browser

    from ram_tf_web import web_server

    with browser.serving(web_server.make_server(built_page, 0)) as host:
        yield host


@pytest.fixture(scope="module")
def chromium(built_page):
    import browser

    with browser.running() as running:
        yield running


@pytest.fixture
def page(chromium, host):
    """The browser page at rest, after its first answer."""
    import web_page

    with web_page.visiting(chromium, host, reduced_motion="reduce") as page:
        yield page


@pytest.fixture(scope="session")
def scenes(built_page):
    """What the browser page was built with."""
    import web_page

    return web_page.read_scenes(built_page)


@pytest.fixture(scope="session")
def classify(built_page):
    """LiteRT in Python, on the very file that the browser page runs."""
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(str(built_page / "model.tflite"))
    run = interpreter.get_signature_runner("classify")

    def answer(image):
        outputs = run(image=image[None, ..., None])
        return {name: value[0] for name, value in outputs.items()}

    return answer


def pytest_addoption(parser):
    parser.addoption(
        "--part",
        default="1/1",
        help="Which part of the files is run, such as 2/3: what XLA has "
        "compiled stays in a process, and all tests would take too much.",
    )


def pytest_collection_modifyitems(config, items):
    part, parts = map(int, config.getoption("--part").split("/"))
    files = sorted({item.path for item in items})
    chosen = set(files[part - 1 :: parts])
    config.hook.pytest_deselected(
        items=[item for item in items if item.path not in chosen]
    )
    items[:] = [item for item in items if item.path in chosen]
