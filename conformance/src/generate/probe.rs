//! Cases that are asked before random ones, so that no column and no split depends on chance.

use athena_client::Capabilities;
use athena_protocol::predicate::Direction;

use super::{Pool, expression::takes};

/// Value set on one column, built from values that a split holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// Equal to a value of the split.
    Equal,
    /// Between two values of the split, with both.
    Between,
    /// One of a few values of the split, as ranges.
    In,
    /// One of all values of the split, as a list in any order.
    ListOfAll,
    /// One of all values of the split, as ranges.
    InAll,
    Null,
    NotNull,
    /// Equal to a value, or null.
    EqualOrNull,
    /// At most a value, or null.
    AtMostOrNull,
    AtLeastGreatest,
    AtMostLeast,
    /// Greater than the least value and less than the greatest.
    InsideExtremes,
    Least,
    Greatest,
    Above,
    Below,
    AtLeast,
    AtMost,
    /// Equal to a value next to one of the split, which the split may lack.
    Neighbor,
    /// From the neighbor of a value of the split to another neighbor.
    BetweenNeighbors,
    /// None of a few values, as ranges.
    NotIn,
    /// None of a few values, as a list.
    Unlisted,
    /// In one of two closed ranges.
    TwoRanges,
    /// Any value, or null, or both, without a comparison.
    AllOrNone,
}

impl Form {
    /// Forms that every column is asked in every split.
    const BASIC: [Self; 4] = [Self::Equal, Self::Between, Self::In, Self::ListOfAll];

    /// Forms that every column is asked at once, all from one row.
    const OF_A_ROW: [Self; 3] = [Self::Equal, Self::Between, Self::ListOfAll];

    /// Forms that are about null.
    const NULLS: [Self; 4] = [Self::Null, Self::NotNull, Self::EqualOrNull, Self::AtMostOrNull];

    /// Forms at and around the values of a column, and their complements.
    const BOUNDARIES: [Self; 17] = [
        Self::AtLeastGreatest,
        Self::AtMostLeast,
        Self::Neighbor,
        Self::InsideExtremes,
        Self::Least,
        Self::Greatest,
        Self::Above,
        Self::Below,
        Self::NotIn,
        Self::Unlisted,
        Self::TwoRanges,
        Self::InAll,
        Self::AllOrNone,
        Self::BetweenNeighbors,
        Self::AtLeast,
        Self::AtMost,
        Self::Neighbor,
    ];

    /// Forms of whole queries on any column.
    const QUERIES: [Self; 3] = [Self::Equal, Self::AtLeastGreatest, Self::AtMostLeast];

    /// Further forms of whole queries on a partition column.
    const PARTITIONS: [Self; 8] = [
        Self::Between,
        Self::In,
        Self::Null,
        Self::NotNull,
        Self::EqualOrNull,
        Self::Unlisted,
        Self::NotIn,
        Self::InsideExtremes,
    ];

    /// Pairs of forms on two columns, both from one row or from the middle of the split.
    const PAIRS: [[Self; 2]; 4] = [
        [Self::AtLeast, Self::AtLeast],
        [Self::Equal, Self::Equal],
        [Self::AtMostOrNull, Self::AtMost],
        [Self::In, Self::Between],
    ];
}

/// Case that is asked before random ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Probe {
    /// Index of the split.
    pub(crate) split: usize,
    pub(crate) question: Question,
}

/// Constraints of a probe. Columns are indices.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Question {
    /// Set on one column.
    Set(usize, Form),
    /// Set on each of two columns.
    Pair([usize; 2], [Form; 2]),
    /// Sets on every column, all from one row.
    Every(Form),
    /// Expression on a column with the announced function of this number.
    Function(usize, usize),
    /// A comparison of two columns.
    Comparison(usize, usize),
    /// A limit near the number of rows, or a small one with a condition on a column.
    Limit(Limit),
    /// The first rows by a column, possibly with a condition on another.
    TopN(usize, Direction, Option<usize>),
}

/// Limit of a probe.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Limit {
    None,
    One,
    /// The number of rows of the split, plus this.
    Rows(i64),
    /// One or two rows that pass a condition on the column.
    Passing(usize, Form),
}

/// Properties of a table that decide which probes it is asked.
#[derive(Debug)]
pub(crate) struct Survey<'a> {
    /// Pools of the whole table.
    pub(crate) pools: &'a [Pool],
    /// For each split, which columns hold null in it.
    pub(crate) nulls: Vec<Vec<bool>>,
    pub(crate) announced: &'a Capabilities,
}

impl Survey<'_> {
    /// Returns the probes that every table is asked, before anything random.
    pub(crate) fn basic_probes(&self) -> Vec<Probe> {
        let splits = self.nulls.len();
        // Few requests for all columns come first, because a large table gets few.
        let every = Form::OF_A_ROW.map(|form| Probe { split: 0, question: Question::Every(form) });
        let mut probes = every.to_vec();
        for column in self.scalars() {
            let split = column % splits;
            let of_column = |form| Probe { split, question: Question::Set(column, form) };
            probes.extend(Form::BASIC.map(of_column));
        }
        probes
    }

    /// Returns further probes of a table, the most important first.
    pub(crate) fn more_probes(&self) -> Vec<Probe> {
        let mut probes = self.nulls();
        let (first, second) = Form::BOUNDARIES.split_at(Form::BOUNDARIES.len() / 2);
        // In turn, so that few cases have every kind too.
        probes.extend(in_turn(&[
            self.boundaries(first),
            self.announced(),
            self.pairs(),
            self.boundaries(second),
            self.other_splits(),
        ]));
        probes
    }

    fn set(&self, split: usize, column: usize, form: Form) -> Probe {
        Probe { split: split % self.nulls.len(), question: Question::Set(column, form) }
    }

    fn nulls(&self) -> Vec<Probe> {
        let mut probes = Vec::new();
        for column in 0..self.pools.len() {
            for form in Form::NULLS {
                let is_test = matches!(form, Form::Null | Form::NotNull);
                if is_test || self.pools[column].is_scalar() {
                    probes.push(self.set(self.split_with_null(column), column, form));
                }
            }
        }
        probes
    }

    fn boundaries(&self, forms: &[Form]) -> Vec<Probe> {
        let mut probes = Vec::new();
        for (number, form) in forms.iter().enumerate() {
            let on_column = |column| self.set(column + number, column, *form);
            probes.extend(self.scalars().into_iter().map(on_column));
        }
        probes
    }

    /// Returns the probes of [`Self::basic_probes`] for all other pairs of column and split.
    fn other_splits(&self) -> Vec<Probe> {
        let splits = self.nulls.len();
        let mut probes = Vec::new();
        for split in 1..splits {
            let of_a_row = |form| Probe { split, question: Question::Every(form) };
            probes.extend(Form::OF_A_ROW.map(of_a_row));
        }
        for shift in 1..splits {
            for column in self.scalars() {
                probes.extend(Form::BASIC.map(|form| self.set(column + shift, column, form)));
            }
        }
        probes
    }

    /// Returns the probes of whole queries, from partitions to splits.
    pub(crate) fn queries(&self, partition_columns: &[String]) -> Vec<Question> {
        let scalars = self.scalars();
        let is_partition = |column: &usize| partition_columns.contains(&self.pools[*column].name);
        let partitions: Vec<usize> = scalars.iter().copied().filter(is_partition).collect();
        let mut questions = Vec::new();
        for &column in &partitions {
            let forms = Form::QUERIES.into_iter().chain(Form::PARTITIONS);
            questions.extend(forms.map(|form| Question::Set(column, form)));
        }
        for (first, second) in pairs(&partitions) {
            questions.extend(Form::PAIRS.map(|forms| Question::Pair([first, second], forms)));
        }
        for column in scalars.into_iter().filter(|column| !is_partition(column)) {
            questions.extend(Form::QUERIES.map(|form| Question::Set(column, form)));
        }
        questions
    }

    fn scalars(&self) -> Vec<usize> {
        let is_scalar = |column: &usize| self.pools[*column].is_scalar();
        (0..self.pools.len()).filter(is_scalar).collect()
    }

    /// Returns a split in which a column holds null, or any.
    fn split_with_null(&self, column: usize) -> usize {
        self.nulls.iter().position(|columns| columns[column]).unwrap_or(column)
    }

    /// Returns probes of every pair of columns with one combination of forms, then with the next.
    fn pairs(&self) -> Vec<Probe> {
        let splits = self.nulls.len();
        let mut probes = Vec::new();
        for round in 0..Form::PAIRS.len() {
            for (number, (first, second)) in pairs(&self.scalars()).into_iter().enumerate() {
                let forms = Form::PAIRS[(number + round) % Form::PAIRS.len()];
                let question = Question::Pair([first, second], forms);
                probes.push(Probe { split: (number + round) % splits, question });
            }
        }
        probes
    }

    /// Returns probes of limits, orders and expressions, if they are announced.
    fn announced(&self) -> Vec<Probe> {
        let mut kinds = Vec::new();
        if self.announced.limit {
            kinds.push(self.limits());
        }
        if self.announced.top_n {
            kinds.push(self.orders());
        }
        if !self.announced.functions.is_empty() {
            kinds.push(self.expressions());
        }
        in_turn(&kinds)
    }

    fn limits(&self) -> Vec<Probe> {
        let splits = self.nulls.len();
        let limits = [Limit::None, Limit::One, Limit::Rows(-1), Limit::Rows(0), Limit::Rows(1)];
        let mut probes =
            limits.map(|limit| Probe { split: 0, question: Question::Limit(limit) }).to_vec();
        for column in self.scalars() {
            let split = self.split_with_null(column) % splits;
            let null = Limit::Passing(column, Form::Null);
            probes.push(Probe { split, question: Question::Limit(null) });
            let greatest = Limit::Passing(column, Form::AtLeastGreatest);
            probes.push(Probe { split: column % splits, question: Question::Limit(greatest) });
        }
        probes
    }

    fn orders(&self) -> Vec<Probe> {
        let splits = self.nulls.len();
        let scalars = self.scalars();
        let mut probes = Vec::new();
        for (descending, nulls_first) in
            [(false, true), (true, false), (false, false), (true, true)]
        {
            let direction = Direction::new(descending, nulls_first);
            for (number, &column) in scalars.iter().enumerate() {
                let split = self.split_with_null(column) % splits;
                probes.push(Probe { split, question: Question::TopN(column, direction, None) });
                // A condition on another column.
                let other = scalars[(number + 1) % scalars.len()];
                let question = Question::TopN(other, direction, Some(column));
                probes.push(Probe { split: column % splits, question });
            }
        }
        probes
    }

    fn expressions(&self) -> Vec<Probe> {
        /// Number of columns on which a function is tried.
        const COLUMNS: usize = 3;
        let splits = self.nulls.len();
        let scalars = self.scalars();
        let mut probes = Vec::new();
        for (number, function) in self.announced.functions.iter().enumerate() {
            let takes = |column: &usize| takes(function, &self.pools[*column].data_type);
            let columns: Vec<usize> = scalars.iter().copied().filter(takes).collect();
            for shift in 0..COLUMNS.min(columns.len()) {
                let column = columns[(number + shift) % columns.len()];
                let question = Question::Function(column, number);
                probes.push(Probe { split: (number + shift) % splits, question });
            }
        }
        for (first, second) in pairs(&scalars) {
            if self.pools[first].data_type == self.pools[second].data_type {
                let question = Question::Comparison(first, second);
                probes.push(Probe { split: first % splits, question });
                let question = Question::Comparison(second, first);
                probes.push(Probe { split: second % splits, question });
            }
        }
        probes
    }
}

/// Takes an item of each list in turn.
fn in_turn(lists: &[Vec<Probe>]) -> Vec<Probe> {
    let longest = lists.iter().map(Vec::len).max().unwrap_or(0);
    let turn = |number: usize| lists.iter().filter_map(move |list| list.get(number).copied());
    (0..longest).flat_map(turn).collect()
}

/// Returns every pair of two columns once.
fn pairs(columns: &[usize]) -> Vec<(usize, usize)> {
    let others = |(at, first): (usize, &usize)| {
        let first = *first;
        columns[at + 1..].iter().map(move |second| (first, *second)).collect::<Vec<_>>()
    };
    columns.iter().enumerate().flat_map(others).collect()
}

#[cfg(test)]
mod tests {
    use arrow::datatypes::DataType;

    use super::*;
    use crate::{generate::Rng, oracle::Cell};

    fn pools() -> Vec<Pool> {
        let pool = |name: &str, data_type: DataType, cells: &[Cell]| {
            Pool::new(name, &data_type, cells.iter(), &mut Rng::new(1, 0))
        };
        let texts = [Cell::Text("a".into()), Cell::Null];
        vec![
            pool("n", DataType::Int64, &[Cell::Int(1), Cell::Int(2)]),
            pool("s", DataType::Utf8, &texts),
            pool("tags", DataType::new_list(DataType::Utf8, true), &[]),
        ]
    }

    #[test]
    fn the_basic_probes_ask_every_scalar_column_in_a_split() {
        let pools = pools();
        let announced = Capabilities::default();
        let nulls = vec![vec![false; 3], vec![false, true, false]];
        let survey = Survey { pools: &pools, nulls, announced: &announced };
        let probes = survey.basic_probes();
        for column in [0, 1] {
            for form in [Form::Equal, Form::Between, Form::In, Form::ListOfAll] {
                let question = Question::Set(column, form);
                assert!(probes.iter().any(|probe| probe.question == question), "{question:?}");
            }
        }
        assert!(probes.iter().all(|probe| probe.split < 2));
    }

    #[test]
    fn null_is_asked_for_where_a_column_holds_it() {
        let pools = pools();
        let announced = Capabilities::default();
        let nulls = vec![vec![false; 3], vec![false, true, false]];
        let survey = Survey { pools: &pools, nulls, announced: &announced };
        let null = Probe { split: 1, question: Question::Set(1, Form::Null) };
        assert!(survey.more_probes().contains(&null));
        let is_announced = |probe: &Probe| {
            !matches!(probe.question, Question::Set(..) | Question::Pair(..) | Question::Every(_))
        };
        assert!(!survey.more_probes().iter().any(is_announced), "nothing is announced");
    }

    #[test]
    fn every_pair_of_columns_is_asked_in_every_combination() {
        let pools = pools();
        let announced = Capabilities::default();
        let survey = Survey { pools: &pools, nulls: vec![vec![false; 3]], announced: &announced };
        for forms in Form::PAIRS {
            let question = Question::Pair([0, 1], forms);
            assert!(survey.more_probes().iter().any(|probe| probe.question == question));
        }
    }
}
