//! The listener: loopback only, one task a connection.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

use super::access_log::AccessLog;
use super::dispatch::Sandbox;
use super::faults::Faults;
use super::runner::Runner;
use super::s3::buckets::Buckets;
use super::store::Store;
use super::wake::wake;
use super::{ACCESS_KEY_ID, Error, REGION, Settings, s3};

/// A running sandbox. It ends when dropped; its state stays.
pub struct Server {
    address: SocketAddr,
    runtime: Option<Runtime>,
    runner: Option<Runner>,
}

impl Server {
    /// Open the state and listen on loopback.
    pub fn start(settings: Settings) -> Result<Self, Error> {
        let Settings { world, state, port, speed, faults, run, seed } = settings;
        let store = Store::open(&state)?;
        let buckets = Buckets::open(&state)?;
        let calls = AccessLog::open(&state)?;
        if let Some(path) = &seed {
            super::seed::fill(path, &store, &buckets, world.now())?;
        }
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("sandbox")
            .enable_all()
            .build()
            .map_err(|source| Error::Threads { source })?;
        let listen = async {
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
            let address = listener.local_addr()?;
            Ok((listener, address))
        };
        let (listener, address) = runtime.block_on(listen).map_err(|source: std::io::Error| match source.kind() {
            std::io::ErrorKind::AddrInUse => Error::PortTaken { port },
            _ => Error::Listen { port, source },
        })?;
        let s3 = s3::service(buckets.clone(), world.clone());
        let (wake, wakes) = wake();
        let sandbox = Arc::new(Sandbox {
            world,
            store,
            buckets,
            calls,
            faults: Faults::new(faults),
            s3,
            speed,
            endpoint: format!("http://{address}"),
            run,
            instances: state.join("instances"),
            wake: wake.clone(),
        });
        let runner = Runner::start(Arc::clone(&sandbox), sandbox.instances.clone(), wakes)?;
        runtime.spawn(accept(listener, sandbox));
        Ok(Self { address, runtime: Some(runtime), runner: Some(runner) })
    }

    /// Value for `AWS_ENDPOINT_URL`.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.runner.take());
        if let Some(runtime) = self.runtime.take() {
            // What answered calls have set going is written to the end: then the state may be copied or removed.
            runtime.shutdown_timeout(Duration::from_secs(30));
        }
    }
}

async fn accept(listener: TcpListener, sandbox: Arc<Sandbox>) {
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            // Out of file descriptors, for instance: wait for connections to end.
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        let sandbox = Arc::clone(&sandbox);
        tokio::spawn(async move {
            let service = service_fn(|request| Arc::clone(&sandbox).answer(request));
            let connection = hyper::server::conn::http1::Builder::new()
                .timer(TokioTimer::new())
                .serve_connection(TokioIo::new(stream), service);
            // A client that went away is not our error, nor is one that we left on purpose.
            let _ = connection.await;
        });
    }
}

/// The environment variables with which an AWS client finds this server.
pub fn variables(endpoint: &str) -> [(&'static str, String); 5] {
    [
        ("AWS_ENDPOINT_URL", endpoint.to_owned()),
        ("AWS_ACCESS_KEY_ID", ACCESS_KEY_ID.to_owned()),
        ("AWS_SECRET_ACCESS_KEY", super::SECRET_ACCESS_KEY.to_owned()),
        ("AWS_REGION", REGION.to_owned()),
        ("AWS_DEFAULT_REGION", REGION.to_owned()),
    ]
}
