//! STS: who calls, and credentials of a role.

use super::{Cloud, Turn};
use crate::state::Session;
use crate::time;
use crate::wire::{Op, WireError, answer, query};
use bytes::Bytes;
use http::Response;

impl Cloud {
    /// Account and ARN of an access key.
    pub(super) fn caller(&self, access_key: &str) -> (String, String) {
        match self.state.sessions.get(access_key) {
            Some(session) => (session.account.clone(), session.arn.clone()),
            None => {
                let account = self.config.account_of(access_key).to_owned();
                let arn = format!("arn:aws:iam::{account}:user/sandbox");
                (account, arn)
            }
        }
    }

    pub(super) fn sts(
        &mut self,
        turn: &Turn,
        access_key: &str,
        body: &[u8],
    ) -> Result<Response<Bytes>, WireError> {
        let id = &turn.request_id;
        let text = if turn.op == Op::GetCallerIdentity {
            let (account, arn) = self.caller(access_key);
            query::caller_identity(&account, &arn, &format!("AIDA{account}SANDBOX"), id)
        } else {
            let form = query::parameters(body);
            let parameter =
                |name: &str| form.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
            let invalid =
                || WireError::front_end("ValidationError", "RoleArn and RoleSessionName are required");
            let (Some(role), Some(name)) = (parameter("RoleArn"), parameter("RoleSessionName")) else {
                return Err(invalid());
            };
            let parts: Vec<&str> = role.splitn(6, ':').collect();
            let ["arn", partition, "iam", "", account, path] = parts.as_slice() else {
                return Err(invalid());
            };
            let role_name = path.rsplit('/').next().unwrap_or_default();
            let arn = format!("arn:{partition}:sts::{account}:assumed-role/{role_name}/{name}");
            let key = format!("ASIA{}", self.dice().text("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 16));
            let secret = self.dice().word(40);
            let session = Session { account: (*account).to_owned(), arn: arn.clone() };
            self.state.sessions.insert(key.clone(), session);
            let ends = time::iso(turn.now_ms - turn.now_ms.rem_euclid(1000) + 3_600_000);
            query::assumed_role(&arn, &format!("AROASANDBOX:{name}"), &key, &secret, &ends, id)
        };
        Ok(answer(200, "text/xml", text, id))
    }
}
