"""Print what the sandbox needs of the Elastic Beanstalk service model, from the installed botocore and an installed EB CLI.

    python tests/clients/model.py EBCLI_VENV > src/sandbox/model.json

Every operation, the element its result is wrapped in, and the shapes that its input can reach, with their constraints.
The EB CLI brings a model of its own, with parameters that botocore's has not. Known is what either of them knows;
required is what both require; where constraints differ, botocore's hold.
"""

import glob
import json
import sys

import botocore.session

KEEP = ("type", "min", "max", "pattern", "enum", "required")
PRIVATE = "lib/python3*/site-packages/ebcli/lib/botocoredata/elasticbeanstalk/2010-12-01/service-2.json"


def union(model, private):
    shapes = model["shapes"]
    for name, shape in private["shapes"].items():
        known = shapes.setdefault(name, shape)
        if known is shape or shape["type"] != "structure":
            continue
        for member, target in shape["members"].items():
            known["members"].setdefault(member, target)
        both = [member for member in known.get("required", []) if member in shape.get("required", [])]
        if known.get("required", []) != both:
            known["required"] = both
    for name, operation in private["operations"].items():
        model["operations"].setdefault(name, operation)


def shape_of(model, name, shapes):
    if name in shapes:
        return
    shape = model["shapes"][name]
    kept = {key: shape[key] for key in KEEP if shape.get(key)}
    kept["type"] = {"long": "integer"}.get(kept["type"], kept["type"])
    shapes[name] = kept
    if shape["type"] == "structure":
        kept["members"] = {member: target["shape"] for member, target in shape["members"].items()}
        for target in kept["members"].values():
            shape_of(model, target, shapes)
    elif shape["type"] == "list":
        assert not shape.get("flattened"), name
        kept["member"] = shape["member"]["shape"]
        shape_of(model, kept["member"], shapes)


def main():
    loader = botocore.session.get_session().get_component("data_loader")
    model = loader.load_service_model("elasticbeanstalk", "service-2", "2010-12-01")
    (private,) = glob.glob(f"{sys.argv[1]}/{PRIVATE}")
    with open(private, encoding="utf-8") as file:
        union(model, json.load(file))
    operations, shapes = {}, {}
    for name, operation in sorted(model["operations"].items()):
        kept = {}
        if "input" in operation:
            kept["input"] = operation["input"]["shape"]
            shape_of(model, kept["input"], shapes)
        if "output" in operation:
            kept["result"] = operation["output"]["resultWrapper"]
        operations[name] = kept
    document = {"version": model["metadata"]["apiVersion"], "operations": operations, "shapes": dict(sorted(shapes.items()))}
    lines = json.dumps(document, indent=1, ensure_ascii=True)
    print(lines)


main()
