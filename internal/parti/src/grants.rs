//! The newest grant of a member, which need not be the last one on its subject.
//!
//! A leader's write that was in doubt is sent again; the first copy may arrive behind newer grants,
//! and anybody may write to the subject. So who needs a grant from the past looks at all that are
//! kept and takes the one with the highest term and epoch.

use broker::{BrokerError, Log, Seq};

use crate::MemberId;
use crate::context::Context;
use crate::records::{self, Grant};

/// The newest grant of `member`; the empty one if it has none.
pub(crate) async fn newest_grant<B: Log>(
    context: &Context<B>,
    member: &MemberId,
) -> Result<Grant, BrokerError> {
    let (group, subject) = (&context.names.group, context.names.grant(member));
    let (mut newest, mut at) = (Grant::default(), Seq(1));
    while let Some(record) = context.broker.first_at(group, &subject, at).await? {
        at = record.seq.next();
        match records::decode::<Grant>(&record) {
            Ok(grant) if grant.is_newer_than(&newest) => newest = grant,
            Ok(_) => {}
            Err(error) => tracing::warn!(%error, "ignored"),
        }
    }
    Ok(newest)
}
