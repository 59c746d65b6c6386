"""Print what the sandbox needs of the Elastic Beanstalk service model, from the installed botocore.

    python tests/clients/model.py > src/sandbox/model.json

Every operation, the element its result is wrapped in, and the shapes that its input can reach, with their constraints.
"""

import json

import botocore.session

KEEP = ("type", "min", "max", "pattern", "enum", "required")


def shape_of(model, name, shapes):
    if name in shapes:
        return
    shape = model["shapes"][name]
    kept = {key: shape[key] for key in KEEP if key in shape}
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
