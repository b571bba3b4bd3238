//! Who we are and whom we trust: every way to prove it, and what is said when it fails.

mod common;

use std::path::{Path, PathBuf};
use std::time::Duration;

use broker::{Admin, BrokerError, Log, Start, Storage};
use broker_nats::{Auth, ConnectOptions, Embedded, NatsBroker, Tls};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, ExtendedKeyUsagePurpose, IsCa, KeyPair,
};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;
use tokio::time::timeout;

/// A server with `config` added; its run directory is `name`'s.
async fn server(name: &str, config: String) -> Embedded {
    let mut options = common::options(name).await;
    options.extra_config = config;
    Embedded::start(options).await.unwrap_or_else(|error| panic!("{error}"))
}

async fn connect(server: &Embedded, auth: Auth, tls: Tls) -> Result<NatsBroker, BrokerError> {
    let options = ConnectOptions { auth, tls, ..common::connect_options(server) };
    timeout(Duration::from_secs(10), NatsBroker::connect(&options)).await.expect("in time")
}

async fn assert_lets_in(server: &Embedded, auth: Auth, tls: Tls) {
    let broker = connect(server, auth, tls).await.unwrap_or_else(|error| panic!("{error}"));
    broker.ensure(&common::spec("S", Storage::Memory)).await.expect("we may do what we need");
}

async fn assert_keeps_out(server: &Embedded, auth: Auth, tls: Tls, words: &[&str]) {
    let error = connect(server, auth, tls).await.expect_err("it must keep us out");
    assert!(matches!(error, BrokerError::Unsuitable(_)), "{error:?}");
    for words in words {
        assert!(error.to_string().contains(words), "{error} does not say {words}");
    }
}

fn user(password: &str) -> Auth {
    Auth::UserPassword { user: "simulation".to_owned(), password: password.to_owned() }
}

#[tokio::test]
async fn a_user_needs_the_right_password() {
    let config = "authorization { user: simulation, password: \"right\" }";
    let server = server("auth-user", config.to_owned()).await;
    assert_lets_in(&server, user("right"), Tls::default()).await;
    let url = server.url();
    let said = ["does not let us in", "user and password", url.as_str()];
    assert_keeps_out(&server, user("wrong"), Tls::default(), &said).await;
    assert_keeps_out(&server, Auth::None, Tls::default(), &["no credentials"]).await;
}

#[tokio::test]
async fn a_token_is_checked() {
    let server = server("auth-token", "authorization { token: \"right\" }".to_owned()).await;
    assert_lets_in(&server, Auth::Token("right".to_owned()), Tls::default()).await;
    assert_keeps_out(&server, Auth::Token("wrong".to_owned()), Tls::default(), &["token"]).await;
}

#[tokio::test]
async fn an_nkey_is_checked() {
    let key = nkeys::KeyPair::new_user();
    let users = format!("authorization {{ users: [ {{ nkey: {} }} ] }}", key.public_key());
    let server = server("auth-nkey", users).await;
    let ours = common::run_dir("auth-nkey-seeds");
    std::fs::create_dir_all(&ours).expect("a directory");
    let file = |name: &str, key: &nkeys::KeyPair| {
        let path = ours.join(name);
        std::fs::write(&path, key.seed().expect("a new key has a seed")).expect("a file");
        Auth::NkeySeedFile(path)
    };
    assert_lets_in(&server, file("right", &key), Tls::default()).await;
    let wrong = file("wrong", &nkeys::KeyPair::new_user());
    assert_keeps_out(&server, wrong, Tls::default(), &["nkey seed file"]).await;
    let missing = Auth::NkeySeedFile("/no/such/seed".into());
    assert_keeps_out(&server, missing, Tls::default(), &["/no/such/seed"]).await;
}

/// A certificate authority, and what it has signed, as files.
struct Certificates {
    dir: PathBuf,
}

impl Certificates {
    fn make(name: &str) -> Self {
        let dir = common::run_dir(name);
        std::fs::create_dir_all(&dir).expect("a directory");
        let mut params = CertificateParams::new(Vec::new()).expect("no names are good names");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        let issuer = CertifiedIssuer::self_signed(params, key).expect("a certificate");
        write(&dir.join("ca.pem"), &issuer.pem());
        for (name, purpose) in [
            ("server", ExtendedKeyUsagePurpose::ServerAuth),
            ("client", ExtendedKeyUsagePurpose::ClientAuth),
        ] {
            let names = vec!["127.0.0.1".to_owned(), "localhost".to_owned()];
            let mut params = CertificateParams::new(names).expect("good names");
            params.extended_key_usages = vec![purpose];
            let key = KeyPair::generate().expect("a key");
            let certificate = params.signed_by(&key, &issuer).expect("a certificate");
            write(&dir.join(format!("{name}.pem")), &certificate.pem());
            write(&dir.join(format!("{name}.key")), &key.serialize_pem());
        }
        Self { dir }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    /// The server's configuration.
    fn config(&self) -> String {
        format!(
            "tls {{ cert_file: {:?}, key_file: {:?}, ca_file: {:?}, verify: true }}",
            self.file("server.pem"),
            self.file("server.key"),
            self.file("ca.pem")
        )
    }

    fn trusted(&self) -> Tls {
        Tls { ca_file: Some(self.file("ca.pem")), required: true, ..Tls::default() }
    }

    fn ours(&self) -> Tls {
        Tls {
            cert_file: Some(self.file("client.pem")),
            key_file: Some(self.file("client.key")),
            ..self.trusted()
        }
    }
}

fn write(path: &Path, text: &str) {
    std::fs::write(path, text).expect("a file");
}

#[tokio::test]
async fn both_sides_show_certificates() {
    let certificates = Certificates::make("auth-certificates");
    let server = server("auth-tls", certificates.config()).await;
    assert_lets_in(&server, Auth::None, certificates.ours()).await;

    let strangers = Certificates::make("auth-strangers");
    let unknown_server = Tls { ca_file: Some(strangers.file("ca.pem")), ..certificates.ours() };
    assert_keeps_out(&server, Auth::None, unknown_server, &["TLS", "CA"]).await;
    let half = Tls { key_file: None, ..certificates.ours() };
    assert_keeps_out(&server, Auth::None, half, &["key file"]).await;
    // The server wants to see a certificate, and one of its own authority.
    assert_keeps_out(&server, Auth::None, certificates.trusted(), &["TLS"]).await;
    let foreign = Tls { ca_file: Some(certificates.file("ca.pem")), ..strangers.ours() };
    assert_keeps_out(&server, Auth::None, foreign, &["TLS"]).await;
}

#[tokio::test]
async fn tls_can_be_demanded() {
    let server = common::start("auth-plain").await;
    let demanded = Tls { required: true, ..Tls::default() };
    assert_keeps_out(&server, Auth::None, demanded, &["TLS"]).await;
}

#[tokio::test]
async fn nobody_there_is_said_in_time() {
    let server = common::start("auth-nobody").await;
    server.kill().await;
    let error = connect(&server, Auth::None, Tls::default()).await.expect_err("it is gone");
    assert!(matches!(error, BrokerError::Unavailable(_)), "{error:?}");
    assert!(error.to_string().contains(&server.url()), "{error}");
}

#[tokio::test]
async fn a_server_without_jetstream_is_refused() {
    let account = "accounts { A { users: [ { user: simulation, password: right } ] } }";
    let server = server("auth-no-jetstream", account.to_owned()).await;
    assert_keeps_out(&server, user("right"), Tls::default(), &["JetStream"]).await;
}

#[tokio::test]
async fn addresses_are_checked() {
    for (servers, words) in [
        (vec![], "no NATS address"),
        (vec!["nats://me:secret@[nowhere:4222".to_owned()], "nats://host:port"),
    ] {
        let options = ConnectOptions { servers, ..ConnectOptions::default() };
        let error = NatsBroker::connect(&options).await.expect_err("it is no address");
        assert!(error.to_string().contains(words), "{error}");
        assert!(!error.to_string().contains("secret"), "{error}");
    }
}

/// Greets like a server of version 2.9.10, and answers pings.
async fn greet(listener: TcpListener) {
    let (stream, _) = listener.accept().await.expect("a connection");
    let (read, mut write) = stream.into_split();
    let info = "INFO {\"server_id\":\"OLD\",\"version\":\"2.9.10\",\"max_payload\":1048576,\
                \"proto\":1,\"headers\":true,\"jetstream\":true}\r\n";
    write.write_all(info.as_bytes()).await.expect("it listens");
    let mut lines = BufReader::new(read).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        if line.starts_with("PING") && write.write_all(b"PONG\r\n").await.is_err() {
            return;
        }
    }
}

#[tokio::test]
async fn an_old_server_is_refused() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let greeter = tokio::spawn(greet(listener));
    let servers = vec![format!("nats://{address}")];
    let options = ConnectOptions { servers, ..ConnectOptions::default() };
    let error = NatsBroker::connect(&options).await.expect_err("it is too old");
    assert!(matches!(error, BrokerError::Unsuitable(_)), "{error:?}");
    for words in ["2.9.10", "2.11", "scripts/nats-server.sh"] {
        assert!(error.to_string().contains(words), "{error}");
    }
    // The connection is closed with the handle that was never given out.
    timeout(Duration::from_secs(10), greeter).await.expect("in time").expect("no panic");
}

#[tokio::test]
async fn the_last_handle_closes_the_connection() {
    let server = common::start("auth-close").await;
    let broker = common::connect(&server).await;
    broker.ensure(&common::spec("S", Storage::Memory)).await.expect("a stream");
    let clone = broker.clone();
    drop(broker);
    assert_eq!(connections(&server).await, 1);
    let filter = vec![common::subject("S.>")];
    let reader = clone.read(&common::stream("S"), filter, Start::LastPerSubject).await;
    drop(clone);
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(connections(&server).await, 1, "a reader still reads");
    drop(reader);
    for _ in 0..100 {
        if connections(&server).await == 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("the connection is never closed");
}

/// How many clients the server has.
async fn connections(server: &Embedded) -> u64 {
    common::monitored(server, "varz", "connections").await
}
