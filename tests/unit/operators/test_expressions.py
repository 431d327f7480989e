"""Every form in which one file can name an image, by tables of real text."""

from __future__ import annotations

import pytest

from tests.unit.operators.steps import GLOBALS, images_in, operator, values_in

OTSUS = "{DEFAULT_REGISTRY}/otsus-method:{KAAPANA_BUILD_VERSION}"
OLD = (
    "from kaapana.blueprints.kaapana_global_variables import default_registry, default_project, kaapana_build_version\n"
)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ('f"{DEFAULT_REGISTRY}/otsus-method:{KAAPANA_BUILD_VERSION}"', OTSUS),
        ('f"{DEFAULT_REGISTRY!s}/otsus-method:{KAAPANA_BUILD_VERSION:s}"', OTSUS),
        ('"localhost:32000/x:1.0"', "localhost:32000/x:1.0"),
        ("'docker.io/library/ubuntu:24.04'", "docker.io/library/ubuntu:24.04"),
        ('f"localhost:32000/x:{KAAPANA_BUILD_VERSION}"', "localhost:32000/x:{KAAPANA_BUILD_VERSION}"),
        ('DEFAULT_REGISTRY + "/otsus-method:" + KAAPANA_BUILD_VERSION', OTSUS),
        ('"%s/otsus-method:%s" % (DEFAULT_REGISTRY, KAAPANA_BUILD_VERSION)', OTSUS),
        ('"%(r)s/otsus-method:%(v)s" % {"r": DEFAULT_REGISTRY, "v": KAAPANA_BUILD_VERSION}', OTSUS),
        ('"%s/otsus-method:1" % DEFAULT_REGISTRY', "{DEFAULT_REGISTRY}/otsus-method:1"),
        ('"x:%03d" % 7', "x:007"),
        ('"x:100%%-%s" % "a"', "? 'x:100%-a'"),
        ('"{}/otsus-method:{}".format(DEFAULT_REGISTRY, KAAPANA_BUILD_VERSION)', OTSUS),
        ('"{1}/otsus-method:{0}".format(KAAPANA_BUILD_VERSION, DEFAULT_REGISTRY)', OTSUS),
        ('"{r}/otsus-method:{v}".format(r=DEFAULT_REGISTRY, v=KAAPANA_BUILD_VERSION)', OTSUS),
        ('"{r}/otsus-method:{v}".format(**{"r": DEFAULT_REGISTRY, "v": KAAPANA_BUILD_VERSION})', OTSUS),
        ('"x:{:.1f}-{:>3}".format(1.25, "abc")', "x:1.2-abc"),
        ('"/".join([DEFAULT_REGISTRY, "otsus-method:" + KAAPANA_BUILD_VERSION])', OTSUS),
        ('":".join(("x", "1"))', "x:1"),
        ('("localhost:32000"\n            "/x"  # why\n            ":1")', "localhost:32000/x:1"),
        ('"localhost:32000" \\\n            "/x:1"', "localhost:32000/x:1"),
        ('f"{DEFAULT_REGISTRY}" "/otsus-method:" f"{KAAPANA_BUILD_VERSION}"', OTSUS),
        ("f'{'/'.join(['localhost:32000', 'x'])}:1'", "localhost:32000/x:1"),
        ("f'{f'{DEFAULT_REGISTRY}'}/otsus-method:{KAAPANA_BUILD_VERSION}'", OTSUS),
        ("f'x:{1.0}-{2}'", "x:1.0-2"),
        ("f'x:{3.14159:.2f}'", "x:3.14"),
        ("f'x:{7:{width}}'.replace(' ', '0')", "? `f'x:{7:{width}}'.replace(' ', '0')` is a call"),
        ("r'localhost:32000/x:1'", "localhost:32000/x:1"),
        ("'\\x6cocalhost:32000/\\u0078:\\61'", "localhost:32000/x:1"),
        ('"""localhost:32000/x:1"""', "localhost:32000/x:1"),
        ("str('x:1')", "x:1"),
        ('{"cpu": "x:1", "gpu": "x:2"}["gpu"]', "x:2"),
        ('("x:1", "x:2")[1]', "x:2"),
        (
            'os.getenv("DEFAULT_REGISTRY") + "/x:" + os.environ["KAAPANA_BUILD_VERSION"]',
            OTSUS.replace("otsus-method", "x"),
        ),
    ],
)
def test_puts_constants_together(expression: str, expected: str) -> None:
    """What is made of constants and the platform's variables is known, as Python would have it."""
    (actual,) = values_in(operator(expression))

    assert actual.startswith(expected)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ('"x:1" if gpu else "x:2"', ["x:1", "x:2"]),
        ("f\"localhost:32000/{'a' if gpu else 'b'}:1\"", ["localhost:32000/a:1", "localhost:32000/b:1"]),
        ('"x:1" if a else ("x:2" if b else "x:3")', ["x:1", "x:2", "x:3"]),
        ('"x:1" or "x:2"', ["x:1"]),
        ('None or "x:2"', ["x:2"]),
        ('os.getenv("IMAGE") or "x:2"', ['? `os.getenv("IMAGE")` is an environment variable', "x:2"]),
        ('"x:1" if gpu else pick()', ["x:1", "? `pick()` is a call"]),
        ('"x:1" if gpu else None', ["x:1"]),
    ],
)
def test_gives_every_branch(expression: str, expected: list[str]) -> None:
    """A choice that is made at run time gives one image for each branch, all at one place."""
    images = images_in(operator(expression))

    assert expected == [image.value or f"? {image.unresolved}" for image in images]
    assert len({(image.start, image.end) for image in images}) == 1


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        ('os.environ.get("IMAGE", "x:1")', '`os.environ.get("IMAGE", "x:1")` is an environment variable'),
        ('os.getenv("IMAGE", "x:1")', '`os.getenv("IMAGE", "x:1")` is an environment variable'),
        ('os.environ["IMAGE"]', '`os.environ["IMAGE"]` is an environment variable'),
        ('conf["form"]["mhub_model"]', '`conf["form"]["mhub_model"]` is known at run time only'),
        ("pick_image()", "`pick_image()` is a call"),
        ('f"x:{pick()}"', "`pick()` is a call"),
        ('f"x:{obj.version}"', "`obj.version` is known at run time only"),
        ('f"{DEFAULT_REGISTRY!r}/x"', "the value formats a variable of the platform"),
        ('f"{KAAPANA_BUILD_VERSION:>10}"', "the value formats a variable of the platform"),
        ('"x:{0.version}".format("a")', "the value has a template with the field {0.version}"),
        ('"x:{}".format()', "the value has a template with the field {0}, which is not given"),
        ('"x:%s-%s" % "a"', "the value has a template with more places than values"),
        ("f\"x:{'a':>99999999999}\"", "the value has the format '>99999999999', which is not understood"),
        ("undefined_name", "`undefined_name` is not defined here"),
        ('b"x:1"', "the value is no text (bytes or a template string)"),
        ('f"{DEFAULT_REGISTRY=}"', "the value holds a part of an f-string that is for debugging"),
        ("'{{ params.image }}'", "it is a template that is filled in at run time"),
        ('"x" * 3', '`"x" * 3` is a calculation'),
        ("lambda: 1", "`lambda: 1` is known at run time only"),
    ],
)
def test_says_what_keeps_an_image_from_being_known(expression: str, reason: str) -> None:
    """What is known at run time only is reported with its reason, never guessed."""
    (image,) = images_in(operator(expression))

    assert ("", "EDK102") == (image.value, image.code)
    assert reason in image.unresolved


@pytest.mark.parametrize("expression", ["None", "image", "self.image", "kwargs.image", '""'])
def test_is_silent_about_what_is_handed_through(expression: str) -> None:
    """An operator that takes its image from its caller names none itself."""
    assert values_in(operator(expression, parameters="image, ")) == []


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        ('"{DEFAULT_REGISTRY}/x:{KAAPANA_BUILD_VERSION}"', "the f before the string may be missing"),
        ('"localhost:32000/Otsus:1"', "'Otsus' in the name must be lower case"),
        ('f"{DEFAULT_REGISTRY}/x: 1"', "the tag ' 1' is not allowed"),
        ('"localhost:32000/"', "the name is missing"),
    ],
)
def test_refuses_references_that_no_engine_accepts(expression: str, reason: str) -> None:
    """An image that is known but invalid is an error of its own."""
    (image,) = images_in(operator(expression))

    assert ("", "EDK105") == (image.value, image.code)
    assert reason in image.unresolved


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        ('IMAGE = "x:1"', ["x:1"]),
        ('IMAGE: str = "x:1"', ["x:1"]),
        ('NAME = "x"\nIMAGE = NAME + ":1"', ["x:1"]),
        ('IMAGE = "x"\nIMAGE += ":1"', ["x:1"]),
        ('IMAGE = "x:1"\nIMAGE = "x:2"', ["x:2"]),
        ('A = IMAGE = "x:1"', ["x:1"]),
        ('A, IMAGE = "y", "x:1"', ["x:1"]),
        ('if (IMAGE := "x:1"):\n    pass', ["x:1"]),
        ('if gpu:\n    IMAGE = "x:1"\nelse:\n    IMAGE = "x:2"', ["x:1", "x:2"]),
        ('IMAGE = "x:0"\nif gpu:\n    IMAGE = "x:1"\nelse:\n    IMAGE = "x:2"', ["x:1", "x:2"]),
        ('IMAGE = "x:0"\nif gpu:\n    IMAGE = "x:1"', ["x:0", "x:1"]),
        (
            'IMAGE = "x:0"\nif a:\n    IMAGE = "x:1"\nelif b:\n    IMAGE = "x:2"\nelse:\n    IMAGE = "x:3"',
            ["x:1", "x:2", "x:3"],
        ),
        ('match kind:\n    case 1:\n        IMAGE = "x:1"\n    case _:\n        IMAGE = "x:2"', ["x:1", "x:2"]),
        ('try:\n    IMAGE = "x:1"\nexcept KeyError:\n    IMAGE = "x:2"', ["x:1", "x:2"]),
        ('IMAGES = {"a": "x:1"}\nIMAGE = IMAGES["a"]', ["x:1"]),
        ('class Images:\n    OTSUS = "x:1"\nIMAGE = Images.OTSUS', ["x:1"]),
        ('class Images(Enum):\n    OTSUS = "x:1"\nIMAGE = Images.OTSUS.value', ["x:1"]),
        ("IMAGE = IMAGE", ["? `IMAGE` is not defined here"]),
        ("A = IMAGE\nIMAGE = A", ["? `IMAGE` is not defined here"]),
        ('for IMAGE in ("x:1", "x:2"):\n    pass', ["x:1", "x:2"]),
        ('IMAGE = open("x").read()', ['? `open("x").read()` is a call']),
        ('with open("x") as IMAGE:\n    pass', ["? the value is known at run time only"]),
    ],
)
def test_follows_names_of_the_module(before: str, expected: list[str]) -> None:
    """A name stands for what it is bound to where it is used, in every branch that may have run."""
    assert sorted(expected) == sorted(values_in(operator("IMAGE", before=before)))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (operator("img", parameters="img='x:1', "), ["x:1"]),
        (operator("img or 'x:1'", parameters="img=None, "), ["x:1"]),
        (operator("f'x:{v}'", parameters="v='1', "), ["x:1"]),
        (operator("f'x:{v}'", parameters="v, "), ["? `v` is given by the caller"]),
        (operator("img", inside="img = 'x:1'"), ["x:1"]),
        (operator("self.IMG", in_class="IMG = 'x:1'"), ["x:1"]),
        (operator("self.img", inside="self.img = 'x:1'"), ["x:1"]),
        (operator("OtsusOperator.IMG", in_class="IMG = 'x:1'"), ["x:1"]),
        (operator("self.__class__.IMG", in_class="IMG = 'x:1'"), ["x:1"]),
        (operator("IMG", in_class="IMG = 'x:1'"), ["? `IMG` is not defined here"]),
        (operator("self.missing"), ["? `self.missing` is known at run time only"]),
        (operator("None", inside="self.image = 'x:1'"), ["x:1"]),
        (operator("None", inside="self.image = image", parameters="image=None, "), []),
        (operator("self.image", in_class="image = 'x:1'"), ["x:1"]),
        (operator("DEFAULT_REGISTRY + '/x'", before="DEFAULT_REGISTRY = 'localhost:5000'"), ["localhost:5000/x"]),
        (operator("DEFAULT_REGISTRY", parameters="DEFAULT_REGISTRY, "), []),
        (operator("cond[0]", before="cond = ['x:1']"), ["x:1"]),
    ],
)
def test_follows_parameters_and_attributes(text: str, expected: list[str]) -> None:
    """Defaults in the signature, locals and attributes of the class are known; a class's names need ``self``."""
    assert expected == values_in(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('op = KaapanaTaskOperator(task_id="a", image="x:1")', ["x:1"]),
        ('op = KaapanaTaskOperator.partial(image="x:1").expand(a=[1])', ["x:1"]),
        ('make = partial(KaapanaTaskOperator, image="x:1")', ["x:1"]),
        ('make = functools.partial(KaapanaTaskOperator, image="x:1")', ["x:1"]),
        ('op = KaapanaTaskOperator(**{"image": "x:1", "name": "a"})', ["x:1"]),
        ('kw = {"image": "x:1"}\nop = KaapanaTaskOperator(**kw)', ["x:1"]),
        ('kw = dict(image="x:1")\nop = KaapanaTaskOperator(**kw)', ["x:1"]),
        ('kw = {}\nkw["image"] = "x:1"\nop = KaapanaTaskOperator(**kw)', ["x:1"]),
        ('kw = {}\nkw.update(image="x:1")\nop = KaapanaTaskOperator(**kw)', ["x:1"]),
        ('kw.setdefault("image", "x:1")\nop = KaapanaTaskOperator(**kw)', ["x:1"]),
        ('op = KaapanaBaseOperator(dag, "name", "x:1")', ["x:1"]),
        ('class A(KaapanaBaseOperator):\n    def __init__(self):\n        super().__init__(dag, "n", "x:1")', ["x:1"]),
        ('class A(B):\n    def __init__(self):\n        KaapanaBaseOperator.__init__(self, image="x:1")', ["x:1"]),
        ('class A(B):\n    def __init__(self):\n        super(A, self).__init__(image="x:1")', ["x:1"]),
        ('def make(name, image):\n    return KaapanaTaskOperator(name, image=image)\nmake("a", "x:1")', ["x:1"]),
        ('def make(name, image):\n    return KaapanaTaskOperator(name, image=image)\nmake("a", image="x:1")', ["x:1"]),
        (
            "class MyOperator(B):\n    def __init__(self, dag, img):\n        super().__init__(image=img)\n\n"
            'MyOperator(dag, "x:1")\nMyOperator(dag, img="x:2")',
            ["x:1", "x:2"],
        ),
        ('ops = [KaapanaTaskOperator(image=i) for i in ("x:1", "x:2")]', ["x:1", "x:2"]),
        ('for n, i in [("a", "x:1"), ("b", "x:2")]:\n    KaapanaTaskOperator(n, image=i)', ["x:1", "x:2"]),
        ('@task.docker(image="x:1")\ndef f():\n    pass', ["x:1"]),
        ('async def f():\n    KaapanaTaskOperator(image="x:1")', ["x:1"]),
        (
            'with DAG("x") as dag:\n    a = KaapanaTaskOperator(image="x:1")\n    b = KaapanaTaskOperator(image="x:2")',
            ["x:1", "x:2"],
        ),
        ('a = KaapanaTaskOperator(image="x:1") >> KaapanaTaskOperator(image="x:2")', ["x:1", "x:2"]),
        (
            'if gpu:\n    i = "x:1"\n    KaapanaTaskOperator(image=i)\n'
            'else:\n    i = "x:2"\n    KaapanaTaskOperator(image=i)',
            ["x:1", "x:2"],
        ),
    ],
)
def test_finds_all_ways_of_calling(text: str, expected: list[str]) -> None:
    """However an image reaches an operator, it is found once."""
    assert expected == values_in(GLOBALS + text)


@pytest.mark.parametrize(
    "text",
    [
        "plt.imshow(image=img)",
        'Image(image="photo")',
        'Image(image="folder/photo.png")',
        'show(image="./photo.png")',
        'meta = {"image": "ct"}',
        'meta = {"image": "imagesTr/case_001.nii.gz"}',
        "x.image = load()",
        '# KaapanaTaskOperator(image="x:1")',
        '"""KaapanaTaskOperator(image="x:1")"""',
        "text = \"KaapanaTaskOperator(image='x:1')\"",
        'KaapanaTaskOperator(image_pull_policy="Always", my_image="x:1")',
        "",
        "\n\n",
    ],
)
def test_leaves_other_images_alone(text: str) -> None:
    """Pictures, comments, docstrings and settings are no images of operators."""
    assert values_in(text) == []


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ('f"{default_registry}{default_project}/x:1.2.3"', "{DEFAULT_REGISTRY}/x:1.2.3"),
        ('"{}{}/x:0.1.0".format(default_registry, default_project)', "{DEFAULT_REGISTRY}/x:0.1.0"),
        ('f"{default_registry}/x:{kaapana_build_version}"', "{DEFAULT_REGISTRY}/x:{KAAPANA_BUILD_VERSION}"),
        (
            'f"{default_registry}/x:{default_platform_abbr}_{default_platform_version}__3.6.4"',
            "{DEFAULT_REGISTRY}/x:{default_platform_abbr}_{default_platform_version}__3.6.4",
        ),
    ],
)
def test_knows_the_old_spellings(expression: str, expected: str) -> None:
    """Variables of older releases are the platform's too."""
    assert [expected] == values_in(operator(expression, before=OLD))


@pytest.mark.parametrize(
    ("imports", "expression"),
    [
        ("from kaapana.blueprints.kaapana_global_variables import DEFAULT_REGISTRY as R", 'f"{R}/x:1"'),
        ("import kaapana.blueprints.kaapana_global_variables as g", 'f"{g.DEFAULT_REGISTRY}/x:1"'),
        (
            "from kaapana.blueprints import kaapana_global_variables",
            'f"{kaapana_global_variables.DEFAULT_REGISTRY}/x:1"',
        ),
        ("from kaapana.blueprints.kaapana_global_variables import *", 'f"{DEFAULT_REGISTRY}/x:1"'),
        (
            "import kaapana.blueprints.kaapana_global_variables",
            'f"{kaapana.blueprints.kaapana_global_variables.DEFAULT_REGISTRY}/x:1"',
        ),
        ("", 'f"{DEFAULT_REGISTRY}/x:1"'),
    ],
)
def test_knows_the_platforms_variables_by_any_import(imports: str, expression: str) -> None:
    """The platform's variables may be imported in any way, or not at all."""
    assert values_in(f"{imports}\nKaapanaTaskOperator(image={expression})") == ["{DEFAULT_REGISTRY}/x:1"]
