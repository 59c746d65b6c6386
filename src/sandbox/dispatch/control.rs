//! Pages of the sandbox itself, which are no call of AWS: what a browser sees, logs, and the switches of tests.

use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::http::request::Parts;
use hyper::{Method, Response, StatusCode};
use s3s::Body;
use serde::Deserialize;

use super::{Sandbox, content_type, plain, small};
use crate::sandbox::beanstalk;
use crate::sandbox::beanstalk::logs::Fetched;
use crate::sandbox::environment::Outcome;
use crate::sandbox::faults::{self, Injection};
use crate::sandbox::instance::Spool;
use crate::sandbox::page;
use crate::sandbox::service::Scope;
use crate::sandbox::state::State;

/// Where the sandbox itself is talked to. No bucket can have this name.
const FAULTS: &str = "/-/faults";
const LOGS: &str = "/-/logs/";
const STEP: &str = "/-/step";

/// A page of the sandbox itself, or a call that it did not take.
pub(super) enum Own {
    Answered(Response<Body>),
    NotOurs(Parts, Incoming),
}

/// End of what is under way, as a test orders it.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Step {
    /// `None`: as it was ordered when it began.
    ends: Option<Injection>,
}

impl Sandbox {
    /// Pages of the sandbox itself, which are no call of AWS.
    pub(super) async fn own(&self, head: Parts, body: Incoming) -> Own {
        if head.uri.path() == FAULTS {
            let body = small(body).await.unwrap_or_default();
            let kind = content_type(&head);
            return Own::Answered(faults::control(&self.faults, &head.method, kind, &body));
        }
        if head.uri.path() == STEP && head.method == Method::POST {
            let body = small(body).await.unwrap_or_default();
            return Own::Answered(self.step(content_type(&head), &body));
        }
        if let Some(token) = head.uri.path().strip_prefix(LOGS) {
            return Own::Answered(self.logs(token));
        }
        let signed = Scope::of(&head.headers, &head.uri).is_some();
        if !signed && head.method == Method::GET && head.uri.path() == "/" {
            return Own::Answered(self.page());
        }
        Own::NotOurs(head, body)
    }

    fn page(&self) -> Response<Body> {
        let (calls, now) = (self.calls.last(page::SHOWN), self.world.now());
        let look = |state: &mut State| {
            state.regions.values_mut().for_each(|region| beanstalk::settle(region, now));
            let runs = |id: &str| !Spool::at(&self.instances.join(id)).is_orphaned();
            page::page(state, &calls, &page::View { endpoint: &self.endpoint, now, runs: &runs })
        };
        let page = tokio::task::block_in_place(|| self.store.update(look));
        page.unwrap_or_else(|error| plain(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()))
    }

    /// Logs behind an address of `RetrieveEnvironmentInfo`. On AWS it would be a presigned one in S3.
    fn logs(&self, token: &str) -> Response<Body> {
        let now = self.world.now();
        let found = tokio::task::block_in_place(|| self.store.look(|state| beanstalk::logs::fetch(state, token, now)));
        match found {
            Ok(Some(Fetched::Text(text))) => plain(StatusCode::OK, text),
            Ok(Some(Fetched::Zip(bytes))) => {
                let mut response = Response::new(Body::from(bytes::Bytes::from(bytes)));
                response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/zip"));
                response
            }
            Ok(None) => plain(StatusCode::FORBIDDEN, "there are no such logs, or no longer\n"),
            Err(error) => plain(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()),
        }
    }

    /// End every operation on an environment that does not end by itself.
    fn step(&self, kind: Option<&str>, body: &[u8]) -> Response<Body> {
        if kind != Some("application/json") {
            return plain(StatusCode::UNSUPPORTED_MEDIA_TYPE, "a step is `application/json`\n");
        }
        let step: Step = match serde_json::from_slice(body) {
            Ok(step) => step,
            Err(error) => return plain(StatusCode::BAD_REQUEST, format!("{error}\n")),
        };
        let now = self.world.now();
        let outcome = step.ends.map(|fault| Outcome::ordered(Some(fault)));
        let ended = tokio::task::block_in_place(|| {
            self.store.update(|state| {
                let mut ended = Vec::new();
                for region in state.regions.values_mut() {
                    ended.extend(region.environments.values_mut().filter_map(|found| found.step(outcome, now)));
                    beanstalk::settle(region, now);
                }
                ended
            })
        });
        match ended {
            Ok(names) => plain(StatusCode::OK, serde_json::to_string(&names).expect("names are text")),
            Err(error) => plain(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()),
        }
    }
}
