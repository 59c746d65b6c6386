//! Where rules that guess must speak, and where they must be silent. What each says is on its page.

use crate::beanstalk::tree::Tree;
use crate::check::{Settings, run};

mod advice;
mod alternatives;
mod asgi;
mod beside;
mod branches;
mod certainty;
mod code;
mod containers;
mod doubts;
mod early;
mod effects;
mod elsewhere;
mod entered;
mod environments;
mod first;
mod flask;
mod images;
mod instance;
mod kept;
mod locked;
mod logged;
mod lost;
mod open;
mod order;
mod outcomes;
mod own_container;
mod packages;
mod places;
mod remains;
mod roads;
mod scripts;
mod served;
mod server;
mod services;
mod settings;
mod settled;
mod shipped;
mod storage;
mod switches;
mod tables;
mod unstarted;
mod upstream;

const WSGI: (&str, &str) =
    ("mysite/wsgi.py", "os.environ.setdefault(\"DJANGO_SETTINGS_MODULE\", \"mysite.settings\")\n");
const PROCFILE: (&str, &str) = ("Procfile", "web: gunicorn mysite.wsgi\n");

/// Is `rule` among what is found in a project with these files?
#[track_caller]
fn case(rule: &str, found: bool, files: &[(&str, &str)]) {
    let with = |tree: Tree, (path, content): &(&str, &str)| tree.file(path, content);
    let tree = [PROCFILE, WSGI].iter().chain(files).fold(Tree::default(), with);
    let report = run(&tree, &Settings::default());
    assert_eq!(report.findings.iter().any(|finding| finding.rule == rule), found, "{files:#?}\n{report}");
}

#[test]
fn servers_and_how_they_work() {
    let web = |rule: &str, found: bool, line: &str, more: &[(&str, &str)]| {
        let procfile = format!("web: {line}\n");
        case(rule, found, &[&[("Procfile", procfile.as_str())], more].concat());
    };
    web("EB062", true, "gunicorn -t120 mysite.wsgi", &[]);
    web("EB062", true, "gunicorn mysite.wsgi", &[("gunicorn.conf.py", "timeout = int(os.environ.get('T', '90'))\n")]);
    web("EB062", false, "gunicorn mysite.wsgi", &[("gunicorn.conf.py", "timeout = 50\n")]);
    web("EB062", false, "gunicorn --config other.py mysite.wsgi", &[("gunicorn.conf.py", "timeout = 500\n")]);
    let nginx = (".platform/nginx/conf.d/slow.conf", "proxy_read_timeout 300;\n");
    web("EB062", false, "gunicorn --timeout 300 mysite.wsgi", &[nginx]);
    let variable = "option_settings:\n  aws:elasticbeanstalk:application:environment:\n    GUNICORN_CMD_ARGS: \"--workers 2 --timeout=120\"\n";
    let variable = (".ebextensions/a.config", variable);
    web("EB062", true, "gunicorn mysite.wsgi", &[variable]);
    web("EB062", false, "gunicorn --timeout 30 mysite.wsgi", &[variable]);
    web("EB062", false, "gunicorn mysite.wsgi", &[variable, nginx]);
    let channels = ("mysite/settings.py", "INSTALLED_APPS = ['channels']\n");
    web("EB103", true, "gunicorn mysite.asgi", &[channels]);
    web("EB103", false, "daphne mysite.asgi:application", &[channels]);
    web(
        "EB103",
        false,
        "gunicorn mysite.asgi",
        &[channels, ("gunicorn.conf.py", "worker_class = 'uvicorn.workers.UvicornWorker'\n")],
    );
    let database = ("mysite/settings.py", "DATABASES = {'default': {'ENGINE': 'django.db.backends.mysql'}}\n");
    web("EB084", true, "gunicorn --workers=8 --threads=8 mysite.wsgi", &[database]);
    web("EB084", false, "gunicorn --workers=8 mysite.wsgi", &[database]);
    web("EB084", false, "gunicorn --threads=80 mysite.wsgi", &[database]);
    let one = (".ebextensions/a.config", "option_settings:\n  aws:autoscaling:asg: {MaxSize: 1}\n");
    web("EB084", false, "gunicorn --workers=8 --threads=8 mysite.wsgi", &[database, one]);
    let pool = "DATABASES = {'default': {'ENGINE': 'django.db.backends.postgresql', 'OPTIONS': {'pool': True}}}\n";
    web("EB084", false, "gunicorn --workers=8 --threads=8 mysite.wsgi", &[("mysite/settings.py", pool)]);
}

#[test]
fn a_small_instance_and_a_large_package() {
    let small = "option_settings:\n  aws:ec2:instances: {InstanceTypes: 't3.micro, t3.small'}\n";
    let torch = [("manage.py", ""), ("requirements.txt", "torch==2\n"), (".ebextensions/a.config", small)];
    case("EB055", true, &torch);
    let swap = "container_commands:\n  swap: {command: 'swapon /swap'}\n";
    case("EB055", false, &[&torch[..], &[(".ebextensions/b.config", swap)]].concat());
    case("EB055", false, &torch[..2]);
}

/// What the Developer Guide and its samples do again and again, in files of our own: nothing is wrong with any of it.
#[test]
fn idioms_of_the_guide_are_silent() {
    let files: &[&str] = &[
        "option_settings:\n  - namespace: aws:elasticbeanstalk:command\n    option_name: DeploymentPolicy\n    value: Rolling\n  - option_name: NAME\n    value: value\n",
        "option_settings:\n  aws:autoscaling:launchconfiguration:\n    EC2KeyName: my-key\n    InstanceType: t3.small\n  aws:autoscaling:asg:\n    MinSize: 2\n    MaxSize: 4\n",
        "option_settings:\n  aws:elasticbeanstalk:application:environment:\n    REGION: '`{\"Ref\" : \"AWS::Region\"}`'\n",
        "{ \"option_settings\": [ { \"namespace\": \"aws:elasticbeanstalk:healthreporting:system\", \"option_name\": \"SystemType\", \"value\": \"enhanced\" } ] }",
        "option_settings:\n  ScheduledUp.aws:autoscaling:scheduledaction:\n    MinSize: '2'\n    StartTime: '2027-05-14T19:25:00Z'\n    Recurrence: '0 5 * * *'\n",
        "option_settings:\n  aws:elbv2:listener:443:\n    ListenerEnabled: 'true'\n    Protocol: HTTPS\n    SSLCertificateArns: arn:aws:acm:us-east-1:123456789012:certificate/abc\n",
        "packages:\n  yum:\n    libmemcached: []\n    git: '2.40.1'\n  rpm:\n    epel: https://example.com/some.rpm\n",
        "groups:\n  groupOne: {}\n  groupTwo:\n    gid: \"45\"\nusers:\n  myuser:\n    groups:\n      - groupOne\n    uid: 50\n    homeDir: \"/tmp\"\n",
        "sources:\n  /etc/myapp: https://example.com/myapp.tar.gz\n",
        "files:\n  \"/home/ec2-user/myfile\":\n    mode: \"000755\"\n    owner: root\n    group: root\n    source: http://example.com/myfile\n  \"/home/ec2-user/other\":\n    mode: \"000755\"\n    content: |\n      # the region is `{\"Ref\" : \"AWS::Region\"}`\n",
        "Resources:\n  AWSEBAutoScalingGroup:\n    Metadata:\n      AWS::CloudFormation::Authentication:\n        S3Auth:\n          type: \"s3\"\n          buckets: [\"bucket\"]\n          roleName:\n            \"Fn::GetOptionSetting\":\n              Namespace: \"aws:autoscaling:launchconfiguration\"\n              OptionName: \"IamInstanceProfile\"\n              DefaultValue: \"aws-elasticbeanstalk-ec2-role\"\nfiles:\n  \"/tmp/data.json\":\n    mode: \"000755\"\n    authentication: \"S3Auth\"\n    source: https://bucket.s3.amazonaws.com/data.json\n",
        "commands:\n  python_install:\n    command: myscript.py\n    cwd: /home/ec2-user\n    env:\n      myvarname: myvarvalue\n    test: \"[ -x /usr/bin/python ]\"\n    ignoreErrors: true\n",
        "commands:\n  01_echo:\n    command: [echo, hello, world]\n  02_script:\n    command: |\n      set -e\n      echo `date` > /tmp/when\n",
        "services:\n  sysvinit:\n    myservice:\n      enabled: true\n      ensureRunning: true\n",
        "container_commands:\n  collectstatic:\n    command: \"echo static\"\n  01syncdb:\n    command: \"echo migrate\"\n    leader_only: true\n  99customize:\n    command: \"scripts/customize.sh\"\n",
        "Resources:\n  SessionTable:\n    Type: AWS::DynamoDB::Table\n    DeletionPolicy: Retain\n    Properties:\n      KeySchema:\n        HashKeyElement: {AttributeName: username, AttributeType: S}\nOutputs:\n  Table:\n    Value: '`{ \"Ref\" : \"SessionTable\"}`'\n",
        "option_settings:\n  \"aws:elasticbeanstalk:customoption\":\n     CacheNodeType : cache.t3.micro\nResources:\n  MyCache:\n    Type: AWS::ElastiCache::CacheCluster\n    Properties:\n      CacheNodeType:\n         Fn::GetOptionSetting:\n             OptionName : CacheNodeType\n             DefaultValue: cache.t3.micro\n",
        "option_settings:\n  aws:elasticbeanstalk:environment:proxy:staticfiles:\n    /html: statichtml\n    /images: staticimages\n",
        "option_settings:\n  aws:elasticbeanstalk:application:environmentsecrets:\n    MY_SECRET: arn:aws:secretsmanager:us-east-1:111122223333:secret:mysecret-AbCdEf\n",
        "option_settings:\n  aws:elasticbeanstalk:managedactions:\n    ManagedActionsEnabled: true\n    PreferredStartTime: \"Tue:09:00\"\n  aws:elasticbeanstalk:managedactions:platformupdate:\n    UpdateLevel: patch\n    InstanceRefreshEnabled: true\n",
        "files:\n  \"/etc/cron.d/mycron\":\n    mode: \"000644\"\n    owner: root\n    group: root\n    content: |\n      */5 * * * * root /usr/local/bin/myscript.sh\ncommands:\n  remove_old_cron:\n    command: \"rm -f /etc/cron.d/*.bak\"\n",
    ];
    for text in files {
        let report = run(&Tree::default().file(".ebextensions/a.config", text), &Settings::default());
        assert!(report.is_clean(), "{text}\n{report}");
    }
}

#[test]
fn a_wheel_for_one_of_two_processors_fits() {
    let option = "option_settings:\n  aws:ec2:instances:\n    SupportedArchitectures: x86_64,arm64\n";
    let platform = "global:\n  default_platform: Python 3.13 running on 64bit Amazon Linux 2023\n";
    let wheel = |found: bool, name: &str| {
        let files = [(".ebextensions/a.config", option), (".elasticbeanstalk/config.yml", platform), (name, "x")];
        case("EB056", found, &files);
    };
    wheel(false, "vendor/a-1.0-cp39-cp39-manylinux2014_aarch64.whl");
    wheel(true, "vendor/a-1.0-cp313-cp313-manylinux_2_39_aarch64.whl");
    wheel(true, "vendor/a-1.0-cp313-cp313-win_amd64.whl");
}

#[test]
fn what_a_file_that_cannot_be_read_has_is_not_missing() {
    let settings = "INSTALLED_APPS = [\"django.contrib.admin\", \"django.contrib.staticfiles\"]\nSTATIC_URL = \"/static/\"\nSTATIC_ROOT = BASE_DIR / \"static_root\"\n";
    let rules = |found: bool, config: &str| {
        for rule in ["EB021", "EB040"] {
            let files = [
                ("manage.py", ""),
                ("requirements.txt", "Django==5.2.8\npsycopg2==2.9.10\n"),
                ("mysite/wsgi.py", "os.environ.setdefault(\"DJANGO_SETTINGS_MODULE\", \"mysite.settings\")\n"),
                ("mysite/settings.py", settings),
                (".ebextensions/a.config", config),
            ];
            case(rule, found, &files);
        }
    };
    rules(true, "option_settings:\n  aws:elasticbeanstalk:command:\n    Timeout: 900\n");
    rules(false, "packages:\n\tyum: {libpq-devel: []}\ncontainer_commands:\n\ta: {command: manage.py collectstatic}\n");
    // It has no word of either.
    rules(true, "option_settings:\n\taws:elasticbeanstalk:container:python:\n");
    rules(
        false,
        "- packages: {yum: {libpq-devel: []}}\n- container_commands: {a: {command: manage.py collectstatic}}\n",
    );
}

#[test]
fn a_version_with_two_numbers_is_as_old_as_its_own_wheel() {
    let pinned = |rule: &str, found: bool, pin: &str| {
        let platform = "global: {default_platform: Python 3.13 running on 64bit Amazon Linux 2023}\n";
        case(rule, found, &[(".elasticbeanstalk/config.yml", platform), ("requirements.txt", &format!("{pin}\n"))]);
    };
    pinned("EB144", false, "Pillow==10.4");
    pinned("EB144", false, "Pillow==10.4.0");
    pinned("EB144", true, "Pillow==10.3");
    pinned("EB144", true, "lxml==5.2.2");
    pinned("EB144", false, "lxml==6.0");
    pinned("EB144", true, "PyYAML==5.4");
    pinned("EB144", true, "PyYAML==6.0");
    for fits in ["PyYAML==6.0.1", "PyYAML==5.3.1", "aiohttp==3.7.4.post0", "numpy==2.1", "dataclasses==0.6", "torch"] {
        pinned("EB144", false, fits);
    }
    for old in ["greenlet==3.0.3", "aiohttp==3.8.5", "numpy==1.25.2", "torch==2.4.1", "dataclasses==0.8", "pycrypto"] {
        pinned("EB144", true, old);
    }
    pinned("EB144", true, "backports.zoneinfo==0.2.1");
    pinned("EB144", false, "backports.zoneinfo==0.2.1; python_version < \"3.9\"");
    pinned("EB040", true, "psycopg2-binary==2.9");
    pinned("EB040", true, "psycopg2-binary==2.9.9");
    pinned("EB040", false, "psycopg2-binary==2.9.10");
}

#[test]
fn containers_of_a_task_share_an_instance() {
    let task = |found: bool, second: u16, compose: Option<&str>| {
        let container = |name: &str, port: u16| {
            format!(
                r#"{{"name": "{name}", "image": "x", "memory": 128, "portMappings": [{{"hostPort": {port}, "containerPort": 80}}]}}"#
            )
        };
        let text = format!(
            r#"{{"AWSEBDockerrunVersion": 2, "containerDefinitions": [{}, {}]}}"#,
            container("web", 80),
            container("proxy", second)
        );
        let tree = Tree::default().file("Dockerrun.aws.json", &text);
        let tree = compose.into_iter().fold(tree, |tree, text| tree.file("docker-compose.yml", text));
        let report = run(&tree, &Settings::default());
        assert_eq!(report.findings.iter().any(|finding| finding.rule == "EB121"), found, "{report}");
    };
    task(true, 80, None);
    task(false, 81, None);
    task(false, 0, None);
    // ECS reads it whatever lies beside it.
    task(false, 81, Some("services: {web: {build: .}}\n"));
}

#[test]
fn a_port_is_taken_once_for_each_protocol() {
    let places = |mappings: &[&str]| {
        let container =
            |mapping: &&str| format!(r#"{{"name": "a", "image": "x", "memory": 8, "portMappings": [{mapping}]}}"#);
        let containers = mappings.iter().map(container).collect::<Vec<_>>().join(",\n");
        let text = format!("{{\"AWSEBDockerrunVersion\": 2, \"containerDefinitions\": [\n{containers}\n]}}");
        let report = run(&Tree::default().file("Dockerrun.aws.json", &text), &Settings::default());
        let found = report.findings.iter().filter(|finding| finding.rule == "EB121");
        found
            .map(|finding| text[..finding.span.clone().expect("a place").start].matches('\n').count())
            .collect::<Vec<_>>()
    };
    let (tcp, udp) = (r#"{"hostPort": 53, "protocol": "tcp"}"#, r#"{"hostPort": 53, "protocol": "udp"}"#);
    let (plain, other) = (r#"{"containerPort": 53, "hostPort": 53}"#, r#"{"hostPort": 80}"#);
    assert_eq!(places(&[tcp, udp]), [] as [usize; 0]);
    assert_eq!(places(&[plain, udp, other]), [] as [usize; 0]);
    // The place is that of the second one who wants it.
    assert_eq!(places(&[tcp, plain, other]), [2]);
    assert_eq!(places(&[other, udp, udp, tcp]), [3]);
}
