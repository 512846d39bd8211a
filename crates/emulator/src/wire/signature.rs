//! Signature Version 4, as far as its form goes: the signature itself is not computed.

use super::WireError;
use crate::time;
use http::HeaderMap;

/// What the credential scope says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Scope {
    pub(crate) access_key: String,
    pub(crate) region: String,
    pub(crate) service: String,
}

/// Checks the signature's form: algorithm, scope, date, signed headers. `service` is the signing name to expect.
pub(crate) fn check(
    headers: &HeaderMap,
    service: &str,
    now_ms: i64,
    skew_ms: Option<i64>,
) -> Result<Scope, WireError> {
    let text = |name: &str| headers.get(name).and_then(|v| v.to_str().ok()).map(str::trim);
    let Some(authorization) = text("authorization") else {
        return Err(WireError::front_end(
            "com.amazon.coral.service#MissingAuthenticationTokenException",
            "Missing Authentication Token",
        ));
    };
    let incomplete = |message: String| {
        WireError::front_end("com.amazon.coral.service#IncompleteSignatureException", message)
    };
    let invalid =
        |message: String| WireError::front_end("com.amazon.coral.service#InvalidSignatureException", message);
    let Some(fields) = authorization.strip_prefix("AWS4-HMAC-SHA256").map(str::trim) else {
        return Err(incomplete("Unsupported AWS 'algorithm'".to_owned()));
    };
    let field = |name: &str| {
        fields
            .split([',', ' '])
            .find_map(|part| part.trim().strip_prefix(name)?.strip_prefix('='))
            .filter(|value| !value.is_empty())
            .ok_or_else(|| {
                incomplete(format!(
                    "Authorization header requires '{name}' parameter. Authorization={authorization}"
                ))
            })
    };
    let (credential, signed, signature) =
        (field("Credential")?, field("SignedHeaders")?, field("Signature")?);
    let parts: Vec<&str> = credential.split('/').collect();
    let [access_key, date, region, scope_service, "aws4_request"] = parts.as_slice() else {
        return Err(incomplete(format!(
            "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got '{credential}'"
        )));
    };
    if signature.len() != 64 || !signature.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Err(incomplete("Signature must be 64 hexadecimal digits".to_owned()));
    }
    let Some(stamp) = text("x-amz-date") else {
        return Err(incomplete(
            "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.".to_owned(),
        ));
    };
    let Some(signed_at) = time::parse_basic(stamp) else {
        return Err(incomplete("Date must be in ISO-8601 'basic format'".to_owned()));
    };
    if !stamp.starts_with(date) || date.len() != 8 {
        return Err(invalid(format!(
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '{date}' != '{stamp}'"
        )));
    }
    for needed in ["host", "x-amz-date", "x-amz-target", "x-amz-security-token"] {
        let is_there = needed == "host" || headers.contains_key(needed);
        if is_there && !signed.split(';').any(|name| name == needed) {
            return Err(invalid(format!("'{needed}' must be a 'SignedHeader' in the AWS Authorization.")));
        }
    }
    if *scope_service != service {
        return Err(invalid(format!("Credential should be scoped to correct service: '{service}'. ")));
    }
    let is_region = region.split('-').count() >= 3
        && region.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    if !is_region {
        return Err(invalid("Credential should be scoped to a valid region. ".to_owned()));
    }
    if skew_ms.is_some_and(|skew| (signed_at - now_ms).abs() > skew) {
        return Err(invalid(format!(
            "Signature expired: {stamp} is not within the allowed time of {}",
            time::basic(now_ms)
        )));
    }
    if access_key.len() < 3 {
        return Err(WireError::front_end(
            "com.amazon.coral.service#UnrecognizedClientException",
            "The security token included in the request is invalid.",
        ));
    }
    Ok(Scope {
        access_key: (*access_key).to_owned(),
        region: (*region).to_owned(),
        service: (*scope_service).to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(authorization: &str) -> HeaderMap {
        let mut map = HeaderMap::new();
        map.insert("authorization", authorization.parse().unwrap());
        map.insert("x-amz-date", "20261121T100000Z".parse().unwrap());
        map.insert("x-amz-target", "CloudApiService.GetResource".parse().unwrap());
        map
    }

    fn signed(scope: &str, names: &str) -> String {
        format!(
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/{scope}, SignedHeaders={names}, Signature={}",
            "0".repeat(64)
        )
    }

    fn outcome(map: &HeaderMap) -> Result<Scope, String> {
        check(map, "cloudcontrolapi", 1_795_255_200_000, Some(300_000)).map_err(|e| e.name().to_owned())
    }

    const NAMES: &str = "content-type;host;x-amz-date;x-amz-target";

    #[test]
    fn a_well_formed_signature_tells_region_and_key() {
        let scope =
            outcome(&headers(&signed("20261121/eu-west-1/cloudcontrolapi/aws4_request", NAMES))).unwrap();
        assert_eq!((scope.region.as_str(), scope.access_key.as_str()), ("eu-west-1", "AKIDEXAMPLE"));
    }

    #[test]
    fn each_fault_of_form_has_its_error() {
        for (authorization, error) in [
            ("Basic x".to_owned(), "IncompleteSignatureException"),
            ("AWS4-HMAC-SHA256 Credential=a/b".to_owned(), "IncompleteSignatureException"),
            (signed("20261121/eu-west-1/cloudcontrolapi", NAMES), "IncompleteSignatureException"),
            (signed("20261120/eu-west-1/cloudcontrolapi/aws4_request", NAMES), "InvalidSignatureException"),
            (signed("20261121/eu-west-1/sts/aws4_request", NAMES), "InvalidSignatureException"),
            (signed("20261121/nowhere/cloudcontrolapi/aws4_request", NAMES), "InvalidSignatureException"),
            (
                signed("20261121/eu-west-1/cloudcontrolapi/aws4_request", "host;x-amz-date"),
                "InvalidSignatureException",
            ),
        ] {
            assert_eq!(outcome(&headers(&authorization)), Err(error.to_owned()), "{authorization}");
        }
        assert_eq!(outcome(&HeaderMap::new()), Err("MissingAuthenticationTokenException".to_owned()));
    }

    #[test]
    fn an_old_signature_is_refused_where_the_skew_is_checked() {
        let map = headers(&signed("20261121/eu-west-1/cloudcontrolapi/aws4_request", NAMES));
        let late = 1_795_255_200_000 + 301_000;
        assert!(check(&map, "cloudcontrolapi", late, Some(300_000)).is_err());
        assert!(check(&map, "cloudcontrolapi", late, None).is_ok());
    }
}
