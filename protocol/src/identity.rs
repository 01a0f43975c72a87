//! The caller's identity, as the caller states it.

use std::collections::BTreeMap;

use crate::{
    error::Result,
    json::{JsonCursor, Writer},
    version::SerdeVersion,
};

/// The identity that a caller puts into its requests.
///
/// A *claim*: nothing on the wire proves it. It is trustworthy only if the deployment lets nobody
/// but Athena invoke the function. See section 3.1 of the protocol.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FederatedIdentity {
    /// AWS account ID of the caller.
    pub account: Option<String>,
    /// ARN of the caller.
    pub arn: Option<String>,
    /// Principal tags of the caller.
    pub tags: BTreeMap<String, Option<String>>,
    /// IAM groups of the caller.
    pub groups: Vec<Option<String>>,
    /// Settings that travel with the request, such as `fas_token`. Empty for plain Lambda
    /// connectors.
    pub config_options: BTreeMap<String, Option<String>>,
}

impl FederatedIdentity {
    /// Value of two members that are required but no longer used.
    const UNUSED: &str = "UNKNOWN";

    pub(crate) fn read(at: JsonCursor<'_>) -> Result<Self> {
        at.object()?;
        Ok(Self {
            account: at.member("account").optional_string()?,
            arn: at.member("arn").optional_string()?,
            tags: at
                .member_or("tags", "principalTags")
                .or_default(|tags| tags.entries(|tag| tag.optional_string()))?,
            groups: at
                .member_or("groups", "iamGroups")
                .or_default(|groups| groups.elements(|group| group.optional_string()))?,
            config_options: at
                .member("configOptions")
                .or_default(|options| options.entries(|option| option.optional_string()))?,
        })
    }

    pub(crate) fn read_optional(at: JsonCursor<'_>) -> Result<Option<Self>> {
        at.optional().map(Self::read).transpose()
    }

    pub(crate) fn write(identity: Option<&Self>, writer: &mut Writer) -> Result<()> {
        let Some(identity) = identity else {
            writer.null();
            return Ok(());
        };
        if writer.version == SerdeVersion::V1 {
            return writer.object(|writer| identity.write_version_1(writer));
        }
        writer.object(|writer| {
            writer.name("id").text(Self::UNUSED);
            writer.name("principal").text(Self::UNUSED);
            writer.name("account").optional_text(identity.account.as_deref());
            writer.name("arn").optional_text(identity.arn.as_deref());
            writer.name("tags").text_map(&identity.tags)?;
            write_groups(&identity.groups, writer.name("groups"))?;
            writer.name("configOptions").text_map(&identity.config_options)
        })
    }

    fn write_version_1(&self, writer: &mut Writer) -> Result<()> {
        writer.name("arn").optional_text(self.arn.as_deref());
        writer.name("account").optional_text(self.account.as_deref());
        writer.name("principalTags").text_map(&self.tags)?;
        write_groups(&self.groups, writer.name("iamGroups"))?;
        writer.name("configOptions").text_map(&self.config_options)
    }
}

fn write_groups(groups: &[Option<String>], writer: &mut Writer) -> Result<()> {
    writer.list(groups, |writer, group| {
        writer.optional_text(group.as_deref());
        Ok(())
    })
}
