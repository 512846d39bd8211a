//! The AWS Query protocol: form in, XML out.

use super::{Service, WireError};

/// The parameters of a form body.
pub(crate) fn parameters(body: &[u8]) -> Vec<(String, String)> {
    let Ok(text) = std::str::from_utf8(body) else { return Vec::new() };
    text.split('&')
        .filter_map(|pair| pair.split_once('='))
        .map(|(key, value)| (decoded(key), decoded(value)))
        .collect()
}

fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        rest = tail;
        let escape = tail.get(..2).and_then(|hex| std::str::from_utf8(hex).ok());
        match (first, escape.and_then(|hex| u8::from_str_radix(hex, 16).ok())) {
            (b'%', Some(byte)) => {
                bytes.push(byte);
                rest = tail.get(2..).unwrap_or_default();
            }
            (b'+', _) => bytes.push(b' '),
            (byte, _) => bytes.push(*byte),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Text inside an element.
pub(crate) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('\r', "&#xD;")
}

const NAMESPACE: &str = "https://sts.amazonaws.com/doc/2011-06-15/";
const CLOUDFORMATION: &str = "http://cloudformation.amazonaws.com/doc/2010-05-15/";

/// The answer of GetCallerIdentity.
pub(crate) fn caller_identity(account: &str, arn: &str, user_id: &str, request_id: &str) -> String {
    format!(
        "<GetCallerIdentityResponse xmlns=\"{NAMESPACE}\"><GetCallerIdentityResult><Arn>{}</Arn>\
         <UserId>{}</UserId><Account>{}</Account></GetCallerIdentityResult>\
         <ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata></GetCallerIdentityResponse>",
        escaped(arn),
        escaped(user_id),
        escaped(account)
    )
}

/// The answer of AssumeRole.
pub(crate) fn assumed_role(
    arn: &str,
    role_id: &str,
    key: &str,
    secret: &str,
    ends: &str,
    request_id: &str,
) -> String {
    format!(
        "<AssumeRoleResponse xmlns=\"{NAMESPACE}\"><AssumeRoleResult><AssumedRoleUser><Arn>{}</Arn>\
         <AssumedRoleId>{role_id}</AssumedRoleId></AssumedRoleUser><Credentials><AccessKeyId>{key}</AccessKeyId>\
         <SecretAccessKey>{secret}</SecretAccessKey><SessionToken>sandbox-{key}</SessionToken>\
         <Expiration>{ends}</Expiration></Credentials></AssumeRoleResult>\
         <ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata></AssumeRoleResponse>",
        escaped(arn)
    )
}

/// An answer of CloudFormation around its members.
pub(crate) fn cloudformation(operation: &str, members: &str, request_id: &str) -> String {
    format!(
        "<{operation}Response xmlns=\"{CLOUDFORMATION}\"><{operation}Result>{members}</{operation}Result>\
         <ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata></{operation}Response>"
    )
}

/// An error answer. Codes of the front end lose their `Exception` in this protocol, modelled ones do not.
pub(super) fn error(service: Service, error: &WireError, request_id: &str) -> String {
    let kind = if error.status < 500 { "Sender" } else { "Receiver" };
    let namespace = if service == Service::CloudFormation { CLOUDFORMATION } else { NAMESPACE };
    let code = match error.name() {
        "ValidationException" => "ValidationError",
        name if error.code.contains('#') => name.trim_end_matches("Exception"),
        name => name,
    };
    format!(
        "<ErrorResponse xmlns=\"{namespace}\"><Error><Type>{kind}</Type><Code>{}</Code><Message>{}</Message></Error>\
         <RequestId>{request_id}</RequestId></ErrorResponse>",
        escaped(code),
        escaped(&error.message)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_are_decoded() {
        assert_eq!(
            parameters(b"Action=AssumeRole&RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fa+b&Bad=%zz"),
            [
                ("Action".to_owned(), "AssumeRole".to_owned()),
                ("RoleArn".to_owned(), "arn:aws:iam::1:role/a b".to_owned()),
                ("Bad".to_owned(), "%zz".to_owned()),
            ]
        );
    }
}
