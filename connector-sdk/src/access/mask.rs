//! Values in place of values that a caller may not see.

use std::{fmt, sync::Arc};

use arrow::array::{Array, ArrayRef, AsArray, StringArray, new_null_array};
use base64_simd::URL_SAFE_NO_PAD;

use crate::{Error, Result, Secret, seal::keyed_hash};

type Custom = dyn Fn(&ArrayRef) -> Result<ArrayRef> + Send + Sync;

/// Replacement of the values of a column.
///
/// Null stays null.
#[derive(Clone)]
#[non_exhaustive]
pub enum Mask {
    /// Null, for a column of any type.
    Null,
    /// Text whose last characters are kept and whose others become `*`.
    KeepLast(usize),
    /// Text that is replaced by a keyed hash: equal texts stay equal, so that masked columns can be
    /// joined and counted. Whoever knows the secret can find the text by trying.
    Hash(Secret),
    /// Function from a column of values to a column of the same type and length.
    Custom(Arc<Custom>),
}

impl Mask {
    /// Creates a mask from a function of a column of values to one of the same type and length.
    pub fn custom(mask: impl Fn(&ArrayRef) -> Result<ArrayRef> + Send + Sync + 'static) -> Self {
        Self::Custom(Arc::new(mask))
    }

    /// Replaces the values of `column`.
    ///
    /// # Errors
    ///
    /// `Internal` for a column of a type that the mask does not have, or a function that returns
    /// another type or length.
    pub(super) fn apply(&self, name: &str, column: &ArrayRef) -> Result<ArrayRef> {
        let masked = match self {
            Self::Null => new_null_array(column.data_type(), column.len()),
            Self::KeepLast(kept) => text(name, column, |value| keep_last(value, *kept))?,
            Self::Hash(secret) => text(name, column, |value| hash(secret, value))?,
            Self::Custom(mask) => mask(column)?,
        };
        if masked.data_type() == column.data_type() && masked.len() == column.len() {
            return Ok(masked);
        }
        Err(Error::internal(format!(
            "the mask of column {name:?} returned {} rows of {}, expected {} of {}",
            masked.len(),
            masked.data_type(),
            column.len(),
            column.data_type()
        )))
    }
}

fn text(name: &str, column: &ArrayRef, mask: impl Fn(&str) -> String) -> Result<ArrayRef> {
    let Some(texts) = column.as_string_opt::<i32>() else {
        return Err(Error::internal(format!(
            "the mask of column {name:?} is for text, but the column is {}; use `Mask::Null`, or \
             `Mask::custom`",
            column.data_type()
        )));
    };
    let masked = texts.iter().map(|value| value.map(&mask));
    Ok(Arc::new(masked.collect::<StringArray>()))
}

fn keep_last(value: &str, kept: usize) -> String {
    let hidden = value.chars().count().saturating_sub(kept);
    value.chars().enumerate().map(|(at, c)| if at < hidden { '*' } else { c }).collect()
}

fn hash(secret: &Secret, value: &str) -> String {
    URL_SAFE_NO_PAD.encode_to_string(&keyed_hash(secret.expose(), value)[..16])
}

impl fmt::Debug for Mask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("Null"),
            Self::KeepLast(kept) => write!(f, "KeepLast({kept})"),
            Self::Hash(_) => f.write_str("Hash"),
            Self::Custom(_) => f.write_str("Custom"),
        }
    }
}

/// Functions are equal if they are the same one.
impl PartialEq for Mask {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Null, Self::Null) => true,
            (Self::KeepLast(left), Self::KeepLast(right)) => left == right,
            (Self::Hash(left), Self::Hash(right)) => left == right,
            (Self::Custom(left), Self::Custom(right)) => Arc::ptr_eq(left, right),
            (Self::Null | Self::KeepLast(_) | Self::Hash(_) | Self::Custom(_), _) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use arrow::{array::Int64Array, datatypes::DataType};

    use super::*;

    fn masked(mask: &Mask, values: Vec<Option<&str>>) -> Vec<Option<String>> {
        let column: ArrayRef = Arc::new(StringArray::from(values));
        let masked = mask.apply("c", &column).unwrap();
        masked.as_string::<i32>().iter().map(|value| value.map(str::to_owned)).collect()
    }

    #[test]
    fn text_keeps_its_last_characters_and_its_length() {
        let values = vec![Some("DE123"), Some("ab"), Some("é\u{1F600}xy"), Some(""), None];
        let texts = masked(&Mask::KeepLast(2), values);
        let texts: Vec<_> = texts.iter().map(Option::as_deref).collect();
        assert_eq!(texts, [Some("***23"), Some("ab"), Some("**xy"), Some(""), None]);
    }

    #[test]
    fn equal_texts_have_equal_hashes_that_depend_on_the_secret() {
        let hash = |secret| {
            masked(&Mask::Hash(Secret::new(secret)), vec![Some("a"), Some("b"), Some("a"), None])
        };
        let one = hash("one");
        assert!(one[0] == one[2] && one[0] != one[1] && one[3].is_none());
        assert_ne!(one[0], hash("two")[0]);
    }

    #[test]
    fn a_mask_of_another_type_or_length_is_refused() {
        let numbers: ArrayRef = Arc::new(Int64Array::from(vec![1, 2]));
        assert!(Mask::KeepLast(1).apply("c", &numbers).is_err());
        assert!(Mask::custom(|column| Ok(column.slice(0, 1))).apply("c", &numbers).is_err());
        assert!(
            Mask::custom(|_| Ok(new_null_array(&DataType::Utf8, 2))).apply("c", &numbers).is_err()
        );
        assert_eq!(Mask::Null.apply("c", &numbers).unwrap().null_count(), 2);
    }
}
