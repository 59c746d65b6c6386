use super::*;

#[test]
fn who_is_meant_is_said() {
    let of = |code: &str, kind, status, to_enable: Option<&str>| {
        let to_enable = to_enable.map(str::to_owned);
        let endpoint = Endpoint { address: "AWS".to_owned(), timeout: Duration::from_secs(1), to_enable };
        let details = Details::new(Call::eb("ComposeEnvironments"), &endpoint);
        ApiError(Box::new(Details { kind, code: Some(code.to_owned()), status: Some(status), ..details }))
    };
    let sandbox = of(SANDBOX, ErrorKind::Refused, 501, None);
    assert!(sandbox.to_string().starts_with("the sandbox has no such `ComposeEnvironments`"), "{sandbox}");
    assert!(sandbox.hint().unwrap().contains("no answer of AWS"));
    assert!(sandbox.is_a_refusal() && !of("ExpiredToken", ErrorKind::Expired, 403, None).is_a_refusal());
    let off = |region| of("InvalidClientTokenId", ErrorKind::Unknown, 403, region).hint().unwrap();
    assert!(off(Some("af-south-1")).contains("enable-region --region-name af-south-1"));
    assert!(!off(None).contains("enable-region"));
}

#[test]
fn codes_decide_and_english_does_not() {
    #[track_caller]
    fn case(code: &str, status: u16, kind: ErrorKind) {
        assert_eq!(ErrorKind::of(Some(code).filter(|code| !code.is_empty()), Some(status)), kind);
    }
    case("Throttling", 400, ErrorKind::Throttled);
    case("ThrottlingException", 400, ErrorKind::Throttled);
    case("SlowDown", 503, ErrorKind::Throttled);
    case("ServiceUnavailable", 503, ErrorKind::Broken);
    case("InternalFailure", 500, ErrorKind::Broken);
    case("NotImplemented", 501, ErrorKind::Refused);
    case("ExpiredToken", 403, ErrorKind::Expired);
    case("AccessDenied", 403, ErrorKind::Denied);
    case("InsufficientPrivileges", 403, ErrorKind::Denied);
    case("InsufficientPrivilegesException", 403, ErrorKind::Denied);
    case("InvalidParameterValue", 400, ErrorKind::Refused);
    case("BadDigest", 400, ErrorKind::Damaged);
    case("NoSuchKey", 404, ErrorKind::Missing);
    case("", 404, ErrorKind::Missing);
    case("", 412, ErrorKind::Taken);
    case("", 200, ErrorKind::Garbled);
    case("", 400, ErrorKind::Garbled);
}
