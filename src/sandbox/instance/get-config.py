#!PYTHON
"""Print what the platform knows of this instance, as `get-config` does on AWS.

Usage: get-config [--output JSON|YAML] SUBCOMMAND [options]
"""
import argparse
import json
import os
import sys

DATA = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "deployment", "configuration.json")


def arguments():
    parser = argparse.ArgumentParser(prog="get-config")
    parser.add_argument("-o", "--output", choices=["JSON", "YAML"], type=str.upper, default="JSON")
    commands = parser.add_subparsers(dest="command", required=True)
    options = commands.add_parser("optionsettings")
    options.add_argument("-n", "--namespace")
    options.add_argument("-o", "--option-name", dest="option")
    for name in ("environment", "container", "platformconfig"):
        commands.add_parser(name).add_argument("-k", "--key")
    addons = commands.add_parser("addons")
    addons.add_argument("-a", "--add-on", dest="addon")
    addons.add_argument("-k", "--key")
    return parser.parse_args()


def yaml(value, indent=""):
    lines = []
    for key, item in value.items():
        if isinstance(item, dict) and item:
            lines.append(f"{indent}{json.dumps(key)}:")
            lines.extend(yaml(item, indent + "  "))
        else:
            lines.append(f"{indent}{json.dumps(key)}: {json.dumps(item)}")
    return lines


def main():
    wanted = arguments()
    with open(DATA, encoding="utf-8") as file:
        value = json.load(file)[wanted.command]
    if wanted.command == "optionsettings":
        if wanted.option and not wanted.namespace:
            sys.exit("get-config: `--option-name` needs `--namespace`")
        keys = [wanted.namespace, wanted.option]
    elif wanted.command == "addons":
        keys = [wanted.addon, wanted.key]
    else:
        keys = [wanted.key]
    for key in keys:
        if key is None:
            break
        if key not in value:
            sys.exit(f"get-config: there is no {key!r} in {wanted.command}")
        value = value[key]
    if not isinstance(value, dict):
        print(value)
    elif wanted.output == "YAML":
        print("\n".join(yaml(value)) or "{}")
    else:
        print(json.dumps(value, separators=(",", ":"), ensure_ascii=False))


main()
