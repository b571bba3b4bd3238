//! What a user gets wrong: a clear error and the right exit code, at once, never a hang.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use crate::common::{HUNG, Place, Program, TINY, assert_passed, run, server, simulation};

/// Nothing is waited for that long.
const SOON: Duration = Duration::from_secs(15);

/// One way to go wrong.
struct Case {
    name: &'static str,
    args: &'static [&'static str],
    env: &'static [(&'static str, &'static str)],
    code: i32,
    /// What the message must hold.
    says: &'static [&'static str],
}

const TINY_RUN: &[&str] = &["--config", "tiny.yaml", "--report", "run"];

#[rustfmt::skip]
const TABLE: &[Case] = &[
    // The configuration: file, line and key.
    Case { name: "unknown key", args: &["--config", "key.yaml"], env: &[], code: 2,
        says: &["key.yaml:2: partitions.cuont: unknown key", "did you mean partitions.count?"] },
    Case { name: "wrong unit", args: &["--config", "unit.yaml"], env: &[], code: 2,
        says: &["unit.yaml:2: simulation.duration: \"5 parsecs\" is not a duration"] },
    Case { name: "impossible count", args: &["--config", "count.yaml"], env: &[], code: 2,
        says: &["count.yaml:2: workers.count: 0 is out of range", "from 1 to 1000"] },
    Case { name: "no YAML", args: &["--config", "text.yaml"], env: &[], code: 2,
        says: &["text.yaml", "use the keys"] },
    Case { name: "no such file", args: &["--config", "nowhere.yaml"], env: &[], code: 2,
        says: &["nowhere.yaml: cannot be read", "give the path of a YAML file"] },
    Case { name: "a directory", args: &["-config", "."], env: &[], code: 2,
        says: &["cannot be read"] },
    Case { name: "unknown key in --set", args: &["--set", "workers.cuont=3"], env: &[], code: 2,
        says: &["workers.cuont", "workers.count"] },
    Case { name: "not a duration", args: &["--duration", "soon"], env: &[], code: 2,
        says: &["soon", "is not a duration"] },
    Case { name: "unknown option", args: &["--nonsense"], env: &[], code: 2,
        says: &["--nonsense"] },
    // Roles.
    Case { name: "worker without a name", args: &["--config", "tiny.yaml", "--mode", "worker"], env: &[], code: 2,
        says: &["WORKER_ID=worker-0"] },
    Case { name: "producer without a name", args: &["--config", "tiny.yaml", "--mode", "producer"], env: &[], code: 2,
        says: &["PRODUCER_ID=producer-0"] },
    Case { name: "no such producer", args: &["--config", "tiny.yaml"], env: &[("PRODUCER_ID", "producer-99")], code: 2,
        says: &["producer-99", "producer-0 to producer-1"] },
    Case { name: "no number", args: &["--config", "tiny.yaml"], env: &[("PRODUCER_ID", "one")], code: 2,
        says: &["\"one\" names no producer"] },
    Case { name: "no name", args: &["--config", "tiny.yaml"], env: &[("WORKER_ID", "a worker")], code: 2,
        says: &["\"a worker\"", "letters, digits"] },
    Case { name: "two roles", args: &["--config", "tiny.yaml"],
        env: &[("PRODUCER_ID", "producer-0"), ("WORKER_ID", "worker-0")], code: 2,
        says: &["both PRODUCER_ID and WORKER_ID"] },
    // The directory of the report.
    Case { name: "report in a file", args: &["--config", "tiny.yaml", "--report", "tiny.yaml/run"], env: &[], code: 5,
        says: &["tiny.yaml/run cannot be written", "--report"] },
    // Servers.
    Case { name: "nobody there", args: &["--config", "tiny.yaml", "--report", "run", "--set", "nats.mode=external"],
        env: &[("NATS_URL", "nats://127.0.0.1:9")], code: 5,
        says: &["no NATS server answers at nats://127.0.0.1:9"] },
    Case { name: "nobody there for a worker", args: &["--config", "tiny.yaml"],
        env: &[("NATS_URL", "nats://user:secret@127.0.0.1:9"), ("WORKER_ID", "worker-0")], code: 5,
        says: &["no NATS server answers at nats://127.0.0.1:9"] },
    Case { name: "no address", args: &["--config", "tiny.yaml", "--set", "nats.mode=external"],
        env: &[("NATS_URL", "http://127.0.0.1:9")], code: 2,
        says: &["is not an address"] },
    Case { name: "server too old", args: &["--config", "tiny.yaml", "--report", "run", "--set", "nats.server_bin=./old"], env: &[], code: 5,
        says: &["nats-server 2.9.10", "2.11.0 or newer is needed", "scripts/nats-server.sh"] },
    Case { name: "another program", args: &["--config", "tiny.yaml", "--report", "run", "--set", "nats.server_bin=/bin/true"], env: &[], code: 5,
        says: &["/bin/true cannot be used as nats-server"] },
    Case { name: "no such program", args: TINY_RUN, env: &[("NATS_SERVER_BIN", "nowhere/nats-server")], code: 5,
        says: &["nowhere/nats-server cannot be used", "scripts/nats-server.sh"] },
];

#[tokio::test]
async fn what_is_wrong_is_said_and_ends_the_program() {
    let place = Place::new("bad_input");
    place.file("tiny.yaml", TINY);
    place.file("key.yaml", "partitions:\n  cuont: 3\n");
    place.file("unit.yaml", "simulation:\n  duration: 5 parsecs\n");
    place.file("count.yaml", "workers:\n  count: 0\n");
    place.file("text.yaml", "hello\n");
    place.file("old", "#!/bin/sh\necho 'nats-server: v2.9.10'\n");
    fs::set_permissions(place.path("old"), fs::Permissions::from_mode(0o755)).unwrap();
    for case in TABLE {
        let mut command = simulation(&place);
        command.args(case.args).envs(case.env.iter().copied());
        let ended = Program::spawn(&place, "bad", command).ended_within(SOON).await;
        let said = &ended.err;
        assert_eq!(ended.code, Some(case.code), "{}: {said}", case.name);
        for words in case.says {
            assert!(said.contains(words), "{}: {words:?} is not in {said}", case.name);
        }
        assert!(!said.contains("secret"), "{}: {said}", case.name);
        assert!(!said.contains("panicked"), "{}: {said}", case.name);
    }
    // A run that never was says so in its report, too.
    let report = place.report("run");
    assert_eq!((&report["verdict"], &report["exit_code"]), (&"environment".into(), &5.into()));
}

#[tokio::test]
async fn without_a_server_it_says_how_to_get_one() {
    let place = Place::new("no_server");
    place.file("tiny.yaml", TINY);
    let mut command = simulation(&place);
    // Away from any .tools directory.
    command.current_dir("/").env("PATH", "").env_remove("NATS_SERVER_BIN");
    command.args(["--config", &place.text("tiny.yaml"), "--report", &place.text("run")]);
    let ended = Program::spawn(&place, "run", command).ended_within(SOON).await.with(5);
    assert!(ended.err.contains("scripts/nats-server.sh"), "{}", ended.err);
    assert!(ended.err.contains("NATS_SERVER_BIN"), "{}", ended.err);
}

#[tokio::test]
async fn a_port_that_is_taken_is_named() {
    let place = Place::new("port_taken");
    place.file("tiny.yaml", TINY);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let set = format!("nats.port={port}");
    let run = ["--config", "tiny.yaml", "--report", "run", "--set", &set];
    let digits = port.to_string();
    for args in [&run[..], &["nats", "--memory", "--dir", "nats", "--port", &digits]] {
        let ended = Program::start(&place, "taken", args).ended_within(SOON).await.with(5);
        assert!(ended.err.contains(&format!("port {port} of 127.0.0.1 is taken")), "{}", ended.err);
    }
    place.deserted(SOON).await;
}

#[tokio::test]
async fn an_earlier_run_is_refused_or_deleted_as_told() {
    let place = Place::new("earlier");
    place.file("tiny.yaml", TINY);
    let server = server(&place).await;
    let url = server.url();
    let again = |name, more: &'static [&'static str]| {
        let mut args = vec!["--config", "tiny.yaml", "--report", name, "--duration", "2s"];
        args.extend(["--set", "nats.mode=external", "--nats-url", &url]);
        args.extend(more);
        Program::start(&place, name, &args)
    };
    again("first", &[]).ended().await.with(0);
    let refused = again("second", &[]).ended_within(SOON).await.with(2);
    for words in ["holds an earlier run", "nats.name_prefix", "nats.existing=delete"] {
        assert!(refused.err.contains(words), "{}", refused.err);
    }
    assert!(!place.path("second/report.json").exists(), "no run, no report");

    let deleting = again("third", &["--set", "nats.existing=delete"]).ended_within(HUNG);
    let beside = again("fourth", &["--set", "nats.name_prefix=other"]).ended_within(HUNG);
    let (deleting, beside) = futures_util::join!(deleting, beside);
    let _ = (deleting.with(0), beside.with(0));
    for name in ["first", "third", "fourth"] {
        assert_passed(&place.report(name));
    }
    server.stop().await;
}

#[tokio::test]
async fn configurations_are_checked_without_a_run() {
    let place = Place::new("config_check");
    place.file("tiny.yaml", TINY);
    place.file("key.yaml", "partitions:\n  cuont: 3\n");
    let checked = run(&place, "good", &["config", "check", "tiny.yaml"]).await.with(0);
    assert!(checked.out.contains("✓ the configuration is valid"), "{}", checked.out);
    run(&place, "bad", &["config", "check", "key.yaml"]).await.with(2);
    let shown = run(&place, "show", &["config", "show", "tiny.yaml"]).await.with(0);
    place.file("shown.yaml", &shown.out);
    let again = run(&place, "again", &["config", "show", "shown.yaml"]).await.with(0);
    assert_eq!(again.out, shown.out, "what is shown is a configuration");
}
