//! What would change in a policy, worked out before anything is written.

use std::fmt::Write as _;

use anyhow::Context as _;

use super::{amendment, policy, terms::Written};

/// Which of the owner's policies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// The resource policy of the function.
    Function,
    /// The policy of the spill bucket.
    Bucket,
    /// The policy of the key.
    Key,
}

impl Place {
    /// For people.
    pub fn title(self) -> &'static str {
        match self {
            Self::Function => "policy of function",
            Self::Bucket => "policy of bucket",
            Self::Key => "policy of key",
        }
    }

    /// The largest policy that AWS takes, in bytes.
    pub fn limit(self) -> usize {
        match self {
            Self::Function | Self::Bucket => 20 * 1024,
            Self::Key => 32 * 1024,
        }
    }
}

/// One policy before and after.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// Which one.
    pub place: Place,
    /// Whose: the name of the function or bucket, the ARN of the key.
    pub owner: String,
    /// As it is; nothing if there is none.
    pub before: Option<String>,
    /// As it would be; nothing if none is left.
    pub after: Option<String>,
    /// Names and texts of statements that go, in order.
    pub removed: Vec<(String, String)>,
    /// Statements that come.
    pub added: Vec<Written>,
    /// Names of statements that are there already.
    pub kept: Vec<String>,
}

impl Plan {
    fn new(place: Place, owner: &str, before: Option<&str>) -> Self {
        Self {
            place,
            owner: owner.to_owned(),
            before: before.map(str::to_owned),
            after: before.map(str::to_owned),
            removed: Vec::new(),
            added: Vec::new(),
            kept: Vec::new(),
        }
    }

    /// What it takes for `before` to say everything in `wanted`; nothing if it does.
    ///
    /// A statement of the same name that means something else is replaced.
    ///
    /// # Errors
    ///
    /// If `before` is not a policy, or what it would become is larger than AWS takes.
    pub fn share(
        place: Place,
        owner: &str,
        before: Option<&str>,
        wanted: &[Written],
    ) -> anyhow::Result<Self> {
        let mut plan = Self::new(place, owner, before);
        for statement in wanted {
            let text = statement.compact();
            if let Some(there) = plan.found(&statement.sid)? {
                if means_the_same(&there, &text) {
                    plan.kept.push(statement.sid.clone());
                    continue;
                }
                plan.take_out(&statement.sid)?;
            }
            plan.after = Some(amendment::with(plan.after.as_deref(), &text)?);
            plan.added.push(statement.clone());
        }
        let size = plan.after.as_ref().map_or(0, String::len);
        anyhow::ensure!(
            plan.is_nothing() || size <= place.limit(),
            "the {} {owner} would have {size} bytes, and AWS takes {}; share with the account or the organization in place of \
             so many roles",
            place.title(),
            place.limit()
        );
        Ok(plan)
    }

    /// What it takes to rid `before` of the statements called `sids`, and of nothing else.
    ///
    /// # Errors
    ///
    /// If `before` is not a policy.
    pub fn unshare(
        place: Place,
        owner: &str,
        before: Option<&str>,
        sids: &[String],
    ) -> anyhow::Result<Self> {
        let mut plan = Self::new(place, owner, before);
        for sid in sids {
            if plan.found(sid)?.is_some() {
                plan.take_out(sid)?;
            }
        }
        Ok(plan)
    }

    /// Whether there is nothing to do.
    pub fn is_nothing(&self) -> bool {
        self.removed.is_empty() && self.added.is_empty()
    }

    fn found(&self, sid: &str) -> anyhow::Result<Option<String>> {
        let Some(text) = &self.after else {
            return Ok(None);
        };
        let found = amendment::find(text, sid);
        Ok(found
            .with_context(|| format!("the {} {} cannot be read", self.place.title(), self.owner))?
            .map(str::to_owned))
    }

    fn take_out(&mut self, sid: &str) -> anyhow::Result<()> {
        let Some(text) = self.after.take() else {
            return Ok(());
        };
        let statement = amendment::find(&text, sid)?.unwrap_or_default().to_owned();
        self.removed.push((sid.to_owned(), statement));
        self.after = amendment::without(&text, sid)?.map(std::borrow::Cow::into_owned);
        Ok(())
    }

    /// The difference for people: a line with `-` for what goes, with `+` for what comes.
    pub fn difference(&self) -> String {
        let mut out = format!("{} {}\n", self.place.title(), self.owner);
        let mut lines = |sign: &str, text: &str| {
            for line in text.lines() {
                let _ = writeln!(out, "{sign} {line}");
            }
        };
        for sid in &self.kept {
            lines(" ", &format!("{sid} is there already"));
        }
        for (_, statement) in &self.removed {
            lines("-", statement);
        }
        for statement in &self.added {
            lines("+", &statement.pretty());
        }
        if self.is_nothing() && self.kept.is_empty() {
            lines(" ", "nothing of this share is there");
        }
        out
    }
}

/// Whether two statements mean the same: AWS gives lists and accounts back in other forms than it
/// took them.
fn means_the_same(one: &str, other: &str) -> bool {
    let parsed = |text: &str| policy::parse(&format!(r#"{{"Statement":[{text}]}}"#));
    matches!((parsed(one), parsed(other)), (Ok(one), Ok(other)) if one == other)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        consumer::Consumer,
        terms::{Shared, Terms},
    };

    const ROLE: &str = "arn:aws:iam::111122223333:role/Analyst";
    const OTHERS: &str = "{ \"Version\": \"2012-10-17\",\n  \"Statement\": [ {\"Sid\": \"Other\", \"Effect\": \"Deny\", \"Principal\": \"*\", \"Action\": \"*\"} ] }\n";

    fn wanted(consumer: &str, through_athena: bool) -> Vec<Written> {
        let function = "arn:aws:lambda:us-east-1:444455556666:function:shop".parse().unwrap();
        let terms = Terms {
            consumer: consumer.parse::<Consumer>().unwrap(),
            organization: None,
            through_athena,
            by_permission: false,
        };
        terms.for_function(&Shared { function, spill: None })
    }

    fn share(before: Option<&str>, wanted: &[Written]) -> Plan {
        Plan::share(Place::Function, "shop", before, wanted).unwrap()
    }

    fn sids(wanted: &[Written]) -> Vec<String> {
        wanted.iter().map(|statement| statement.sid.clone()).collect()
    }

    #[test]
    fn twice_is_the_same_as_once_and_back_is_as_before() {
        for before in [None, Some(OTHERS)] {
            let wanted = wanted(ROLE, true);
            let once = share(before, &wanted).after.unwrap();
            let twice = share(Some(&once), &wanted);
            assert!(twice.is_nothing());
            assert_eq!(twice.after.as_deref(), Some(once.as_str()));
            let back = Plan::unshare(Place::Function, "shop", Some(&once), &sids(&wanted)).unwrap();
            assert_eq!(back.after.as_deref(), before);
            let again = Plan::unshare(Place::Function, "shop", before, &sids(&wanted)).unwrap();
            assert!(again.is_nothing());
        }
    }

    #[test]
    fn a_share_does_not_touch_another_one() {
        let (role, account) = (wanted(ROLE, true), wanted("111122223333", true));
        let one = share(Some(OTHERS), &role).after.unwrap();
        let both = share(Some(&one), &account).after.unwrap();
        let back = Plan::unshare(Place::Function, "shop", Some(&both), &sids(&account)).unwrap();
        assert_eq!(back.after, Some(one));
    }

    #[test]
    fn a_statement_that_aws_gave_back_in_another_form_is_the_same() {
        let wanted = wanted("111122223333", false);
        let once = share(None, &wanted).after.unwrap();
        let given_back = once.replace(r#""arn:aws:iam::111122223333:root""#, r#"["111122223333"]"#);
        assert_ne!(given_back, once);
        assert!(share(Some(&given_back), &wanted).is_nothing());
    }

    #[test]
    fn other_terms_replace_the_statement() {
        let once = share(Some(OTHERS), &wanted(ROLE, true)).after.unwrap();
        let changed = share(Some(&once), &wanted(ROLE, false));
        assert_eq!((changed.removed.len(), changed.added.len()), (1, 1));
        assert!(!changed.after.unwrap().contains("aws:CalledVia"));
        let lines = share(Some(&once), &wanted(ROLE, false)).difference();
        assert!(
            lines.lines().any(|line| line.starts_with("- "))
                && lines.lines().any(|line| line.starts_with("+ "))
        );
    }

    #[test]
    fn a_policy_that_would_be_too_large_is_refused() {
        let many: Vec<_> = (0..60).flat_map(|at| wanted(&format!("{ROLE}{at}"), true)).collect();
        let error =
            Plan::share(Place::Function, "shop", Some(OTHERS), &many).unwrap_err().to_string();
        assert!(error.contains("20480"), "{error}");
        assert!(Plan::share(Place::Key, "key", Some(OTHERS), &many).is_ok());
    }

    #[test]
    fn what_is_not_a_policy_is_not_written_over() {
        assert!(Plan::share(Place::Bucket, "spill", Some("[]"), &wanted(ROLE, true)).is_err());
    }
}
