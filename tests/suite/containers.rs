//! The descriptors of containers, held to what their readers publish: Docker's schema of compose files, and ECS's model.

use std::path::PathBuf;
use std::process::Command;

use crate::harness::{Place, python};
use crate::matrix::{all, renderings, run};

/// Validate files with a schema that `check-jsonschema` carries.
#[track_caller]
fn validate(schema: &str, files: impl Iterator<Item = PathBuf>) {
    let files: Vec<PathBuf> = files.filter(|path| path.exists()).collect();
    assert!(!files.is_empty());
    let mut command = Command::new(python().with_file_name("check-jsonschema"));
    let (fine, said) = run(command.args(["--builtin-schema", schema]).args(files));
    assert!(fine, "{said}");
}

#[test]
fn compose_files_follow_dockers_schema() {
    validate(
        "vendor.compose-spec",
        renderings("docker").iter().map(|rendering| rendering.dir.join("docker-compose.yml")),
    );
    let place = Place::new();
    let example = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/multicontainer");
    place.run(["new", "shop", "--stack", example, "--defaults"]).ok();
    validate("vendor.compose-spec", [place.path("shop/docker-compose.yml")].into_iter());
}

#[test]
fn workflows_follow_githubs_schema() {
    validate("vendor.github-workflows", all().map(|rendering| rendering.dir.join(".github/workflows/publish.yml")));
    let examples = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/examples"));
    let workflows = ["monorepo/.github/workflows/publish.yml", "github-actions/publish-and-deploy.yml"];
    validate("vendor.github-workflows", workflows.into_iter().map(|path| examples.join(path)));
    validate("vendor.github-actions", [examples.join("github-action/action.yml")].into_iter());
    validate("vendor.gitlab-ci", [examples.join("gitlab/.gitlab-ci.yml")].into_iter());
}

/// Version 2 of Dockerrun is made of what ECS takes as a task definition.
#[test]
fn container_definitions_follow_the_model_of_ecs() {
    let code = "import json, sys, botocore.session, botocore.validate\n\
        model = botocore.session.get_session().get_service_model('ecs')\n\
        shape = model.operation_model('RegisterTaskDefinition').input_shape\n\
        def strangers(value, shape, at):\n    \
            if shape.type_name == 'structure':\n        \
                for key, inner in value.items():\n            \
                    if key in shape.members: yield from strangers(inner, shape.members[key], at + '.' + key)\n            \
                    else: yield at + '.' + key\n    \
            if shape.type_name == 'list':\n        \
                for inner in value: yield from strangers(inner, shape.member, at)\n\
        for path in sys.argv[1:]:\n    \
            run = json.load(open(path))\n    \
            assert run.pop('AWSEBDockerrunVersion') == 2, path\n    \
            run.pop('authentication', None)\n    \
            task = {'family': 'x', **run}\n    \
            report = botocore.validate.ParamValidator().validate(task, shape)\n    \
            assert not report.has_errors(), (path, report.generate_report())\n    \
            assert not list(strangers(task, shape, '')), (path, list(strangers(task, shape, '')))";
    let files = renderings("ecs").iter().map(|rendering| rendering.dir.join("Dockerrun.aws.json"));
    let (fine, said) = run(Command::new(python()).args(["-c", code]).args(files));
    assert!(fine, "{said}");
}

/// What Elastic Beanstalk's guide says of version 2: every container has a name, an image and memory, links and volumes
/// lead somewhere, and all of it fits on the instance.
#[test]
fn container_definitions_hang_together() {
    for rendering in renderings("ecs") {
        let text = rendering.read("Dockerrun.aws.json").unwrap();
        let run: serde_json::Value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
        assert_eq!(run["AWSEBDockerrunVersion"], 2);
        let containers = run["containerDefinitions"].as_array().unwrap();
        let names: Vec<&str> = containers.iter().map(|container| container["name"].as_str().unwrap()).collect();
        assert_eq!(names.contains(&"worker"), rendering.answers["celery"] == true, "{text}");
        let volumes: Vec<&str> =
            run["volumes"].as_array().unwrap().iter().map(|volume| volume["name"].as_str().unwrap()).collect();
        let mut memory = 0;
        for container in containers {
            assert!(container["image"].as_str().is_some_and(|image| image.contains(':')), "{container}");
            memory += container["memory"].as_u64().unwrap();
            for link in container["links"].as_array().into_iter().flatten() {
                assert!(names.contains(&link.as_str().unwrap()), "{container}");
            }
            for mount in container["mountPoints"].as_array().into_iter().flatten() {
                let volume = mount["sourceVolume"].as_str().unwrap();
                let own_log = volume == format!("awseb-logs-{}", container["name"].as_str().unwrap());
                assert!(own_log || volumes.contains(&volume), "{container}");
            }
        }
        let instance = match rendering.answers["instance_type"].as_str().unwrap() {
            "t3.micro" => 1024,
            "t3.small" | "t4g.small" => 2048,
            "t3.medium" | "t4g.medium" => 4096,
            "m7i.large" | "c7i.xlarge" => 8192,
            "m7i.xlarge" => 16384,
            other => panic!("{other}"),
        };
        assert!(memory > instance / 3 && memory < instance - 300, "{memory} of {instance}\n{text}");
    }
}

#[test]
fn compose_files_hang_together() {
    // PyYAML reads what docker compose would, as far as YAML goes.
    let code = "import json, sys, yaml\nprint(json.dumps([yaml.safe_load(open(path)) for path in sys.argv[1:]]))";
    let files = renderings("docker").iter().map(|rendering| rendering.dir.join("docker-compose.yml"));
    let (fine, said) = run(Command::new(python()).args(["-c", code]).args(files));
    assert!(fine, "{said}");
    let composes: Vec<serde_json::Value> = serde_json::from_str(&said).unwrap();
    for (rendering, compose) in renderings("docker").iter().zip(&composes) {
        let services = compose["services"].as_object().unwrap();
        assert_eq!(services["web"]["ports"][0], "80:8000", "{compose:#}");
        assert_eq!(services.contains_key("worker"), rendering.answers["celery"] == true, "{compose:#}");
        assert_eq!(services.contains_key("redis"), rendering.answers["redis_container"] == true, "{compose:#}");
        for (name, service) in services {
            assert!(service["image"].is_string(), "{name}");
            for needed in service["depends_on"].as_object().into_iter().flat_map(|needed| needed.keys()) {
                assert!(services.contains_key(needed), "{name} needs {needed}");
            }
            for volume in service["volumes"].as_array().into_iter().flatten() {
                let volume = volume.as_str().unwrap().split(':').next().unwrap();
                assert!(compose["volumes"].as_object().unwrap().contains_key(volume), "{name}: {volume}");
            }
        }
        // Tasks must not make room for what is cached.
        let redis = services.get("redis").map(|redis| redis["command"].to_string()).unwrap_or_default();
        assert!(!services.contains_key("worker") || !redis.contains("allkeys"), "{redis}");
        // What the database choice needs reaches the build, where Django has to start too.
        let dockerfile = rendering.read("Dockerfile").unwrap();
        let builds = dockerfile.contains("collectstatic");
        assert_eq!(builds, rendering.says("static_files", "whitenoise"), "{dockerfile}");
        if builds && !rendering.says("database", "sqlite") {
            assert!(dockerfile.contains("DATABASE_URL="), "{dockerfile}");
        }
    }
}
