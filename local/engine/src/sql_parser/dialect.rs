//! The dialect of the parser: that of `GenericDialect`, with reserved words, bounded work, and
//! without syntax that Trino does not have.

use std::{any::TypeId, cell::Cell};

use datafusion::sql::sqlparser::{
    ast::Expr,
    dialect::{Dialect, GenericDialect},
    keywords::Keyword,
    parser::{Parser, ParserError},
    tokenizer::Location,
};

/// A dialect that stops the parser after a number of operands.
///
/// Where the parser has alternatives, such as `CEIL(` as a keyword or a function, it tries one
/// after the other. At an error it has tried all combinations: 2^n of them in n levels. The
/// first alternative of valid SQL is nearly always the right one, so work is linear.
#[derive(Debug)]
pub(super) struct AthenaDialect {
    operands_left: Cell<usize>,
    furthest: Cell<Location>,
}

impl AthenaDialect {
    pub(super) fn new(max_operands: usize) -> Self {
        Self { operands_left: Cell::new(max_operands), furthest: Cell::new(Location::new(1, 1)) }
    }

    /// Returns the furthest operand that the parser reached, if it was stopped.
    pub(super) fn stopped_after(&self) -> Option<Location> {
        (self.operands_left.get() == 0).then(|| self.furthest.get())
    }
}

/// Forwards methods without parameters to [`GenericDialect`].
macro_rules! as_generic {
    ($($method:ident)*) => {
        $(fn $method(&self) -> bool {
            GenericDialect.$method()
        })*
    };
}

impl Dialect for AthenaDialect {
    /// Returns the type of the generic dialect, for which the parser looks beside these methods.
    fn dialect(&self) -> TypeId {
        TypeId::of::<GenericDialect>()
    }

    fn is_delimited_identifier_start(&self, ch: char) -> bool {
        GenericDialect.is_delimited_identifier_start(ch)
    }

    fn is_identifier_start(&self, ch: char) -> bool {
        GenericDialect.is_identifier_start(ch)
    }

    fn is_identifier_part(&self, ch: char) -> bool {
        GenericDialect.is_identifier_part(ch)
    }

    /// Adds words that are reserved in Athena, so that an error inside of `CASE` or `CAST` is
    /// reported as it is, without another attempt to read a function of that name.
    fn is_reserved_for_identifier(&self, keyword: Keyword) -> bool {
        matches!(
            keyword,
            Keyword::ARRAY
                | Keyword::CASE
                | Keyword::CAST
                | Keyword::EXTRACT
                | Keyword::NOT
                | Keyword::TRY_CAST
        ) || GenericDialect.is_reserved_for_identifier(keyword)
    }

    fn parse_prefix(&self, parser: &mut Parser<'_>) -> Option<Result<Expr, ParserError>> {
        let location = parser.peek_token_ref().span.start;
        // The end of the input has no location.
        if location > self.furthest.get() {
            self.furthest.set(location);
        }
        match self.operands_left.get().checked_sub(1) {
            None | Some(0) => {
                self.operands_left.set(0);
                Some(Err(ParserError::RecursionLimitExceeded))
            }
            Some(left) => {
                self.operands_left.set(left);
                None
            }
        }
    }

    as_generic! {
        supports_unicode_string_literal
        supports_partition_by_after_order_by
        supports_array_join_syntax
        supports_group_by_expr
        supports_group_by_with_modifier
        supports_left_associative_joins_without_parens
        supports_connect_by
        supports_match_recognize
        supports_start_transaction_modifier
        supports_window_function_null_treatment_arg
        supports_window_clause_named_window_reference
        supports_parenthesized_set_variables
        allow_extract_custom
        allow_extract_single_quotes
        supports_extract_comma_syntax
        supports_create_view_comment_syntax
        supports_parens_around_table_factor
        supports_values_as_table_factor
        supports_create_index_with_clause
        supports_explain_with_utility_options
        supports_update_order_by
        supports_asc_desc_in_column_definition
        supports_try_convert
        supports_bitwise_shift_operators
        supports_comment_on
        supports_load_extension
        supports_named_fn_args_with_assignment_operator
        supports_nested_comments
        supports_multiline_comment_hints
        supports_user_host_grantee
        supports_string_escape_constant
        supports_array_typedef_with_brackets
        supports_match_against
        supports_set_names
        supports_comma_separated_set_assignments
        supports_filter_during_aggregation
        supports_data_type_signed_suffix
        supports_interval_options
        supports_quote_delimited_string
        supports_optimize_table
        supports_install
        supports_detach
        supports_prewhere
        supports_with_fill
        supports_limit_by
        supports_interpolate
        supports_settings
        supports_select_format
        supports_comment_optimizer_hint
        supports_constraint_keyword_without_name
        supports_key_column_option
        supports_comma_separated_trim
        supports_cte_without_as
        supports_select_item_multi_column_alias
        supports_xml_expressions
    }
}
