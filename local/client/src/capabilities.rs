//! What a connector said that it evaluates itself (section 3.8 of the protocol).

use std::collections::{BTreeMap, BTreeSet};

use athena_protocol::message::CapabilitySubType;

/// What may be pushed down to a connector.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "one flag per name that the protocol defines")]
pub struct Capabilities {
    /// Value sets made of ranges.
    pub sorted_ranges: bool,
    /// Value sets made of single values.
    pub equatable: bool,
    /// Value sets of everything or nothing.
    pub all_or_none: bool,
    /// Value sets that tell nulls from values.
    pub nulls: bool,
    /// Functions that expressions may use.
    pub functions: BTreeSet<String>,
    /// A limit.
    pub limit: bool,
    /// A limit by an order.
    pub top_n: bool,
}

impl Capabilities {
    /// What connectors can do whose version has no way to say so: they are given value sets, and
    /// apply them or not.
    pub fn before_version_4() -> Self {
        Self {
            sorted_ranges: true,
            equatable: true,
            all_or_none: true,
            nulls: true,
            ..Self::default()
        }
    }

    /// Reads what a connector announced; names that are not known here are passed over.
    pub fn from_wire(announced: &BTreeMap<String, Vec<CapabilitySubType>>) -> Self {
        let mut all = Self::default();
        for (name, sub_types) in announced {
            for sub_type in sub_types {
                match (
                    name.to_ascii_lowercase().as_str(),
                    sub_type.sub_type.to_ascii_lowercase().as_str(),
                ) {
                    ("supports_filter_pushdown", "sorted_range_set") => all.sorted_ranges = true,
                    ("supports_filter_pushdown", "equatable_range_set" | "equatable_value_set") => {
                        all.equatable = true
                    }
                    ("supports_filter_pushdown", "all_or_none_value_set") => all.all_or_none = true,
                    ("supports_filter_pushdown", "nullable_comparison") => all.nulls = true,
                    (
                        "supports_complex_expression_pushdown",
                        "supported_function_expression_types",
                    ) => {
                        all.functions.extend(sub_type.properties.iter().cloned());
                    }
                    ("supports_limit_pushdown", "integer_constant") => all.limit = true,
                    ("supports_top_n_pushdown", "supports_order_by") => all.top_n = true,
                    (_, _) => {}
                }
            }
        }
        all
    }

    /// The same, in words.
    pub fn in_words(&self) -> String {
        let mut words = Vec::new();
        let sets = [
            (self.sorted_ranges, "ranges"),
            (self.equatable, "values"),
            (self.all_or_none, "all or none"),
            (self.nulls, "nulls"),
        ];
        let sets: Vec<_> = sets.into_iter().filter_map(|(has, name)| has.then_some(name)).collect();
        if !sets.is_empty() {
            words.push(format!("filters by {}", sets.join(", ")));
        }
        if !self.functions.is_empty() {
            words.push(format!("{} functions", self.functions.len()));
        }
        if self.limit {
            words.push("limit".to_owned());
        }
        if self.top_n {
            words.push("top-N".to_owned());
        }
        if words.is_empty() { "no pushdown".to_owned() } else { words.join("; ") }
    }
}
