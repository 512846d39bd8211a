//! Queries: parsing and binding, the relational work, and how well waiting for a cloud is shared.

use crate::corpus::{STATEMENTS, bind};
use crate::{Failure, say};
use async_trait::async_trait;
use serde_json::{Value as Json, json};
use stack_catalog::Catalog;
use stack_core::identity::{Identifier, Key};
use stack_core::ids::{AccountId, ClientToken, RequestToken, Target, TypeName};
use stack_core::provider::{
    Caller, Failure as Refused, FailureKind, Found, Operation, Page, Progress, Provider, RequestPage, Tagged,
};
use stack_sql::{Answer, Defaults, Fetch, FetchId, Limits, Query, Table, Tables, answer_by_page, parse};
use std::pin::pin;
use std::sync::{Mutex, mpsc};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

/// Runs of each statement.
const RUNS: usize = 50;
/// Rows of either side of the join.
const ROWS: usize = 10_000;
/// Resources that are listed and read.
const RESOURCES: usize = 1_000;
/// Calls at a time: the default of the program.
const CALLS: usize = 10;
/// How late every answer is.
const LATENCY: Duration = Duration::from_millis(20);

const JOIN: &str = "WITH tagged AS (
  SELECT split_part(ResourceARN, '/', 2) AS vpc_id FROM awscc.tagging.tagged_resources
  WHERE region = 'us-east-1' AND TagFilters = '[{\"Key\":\"env\",\"Values\":[\"dev\"]}]' AND ResourceTypeFilters = '[\"ec2:vpc\"]'
), vpcs AS (SELECT vpc_id FROM awscc.ec2.vpcs_list_only WHERE region = 'us-east-1')
SELECT v.vpc_id FROM vpcs v INNER JOIN tagged t ON v.vpc_id = t.vpc_id";

pub(super) fn run() -> Result<(), Failure> {
    let tables = Tables::new(Catalog::embedded());
    bound(&tables)?;
    joined(&tables)?;
    for page in [RESOURCES, 25] {
        read_one_by_one(&tables, page)?;
    }
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "real time of real work")]
fn now() -> Instant {
    Instant::now()
}

fn wrong(why: impl std::fmt::Debug) -> Failure {
    Failure::Rule(format!("a statement of the measurement is wrong: {why:?}"))
}

/// Parsing and binding of each documented statement.
fn bound(tables: &Tables<'_>) -> Result<(), Failure> {
    for (name, text) in STATEMENTS {
        let mut times = Vec::with_capacity(RUNS);
        for _ in 0..RUNS {
            let began = now();
            bind(text, tables).map_err(wrong)?;
            times.push(began.elapsed());
        }
        times.sort_unstable();
        let ms = |at: usize| times.get(at).map_or(0.0, |time| time.as_secs_f64() * 1e3);
        say(&format!("parse, bind  {name:32} median {:.2} ms, most {:.2} ms", ms(RUNS / 2), ms(RUNS - 1)));
    }
    Ok(())
}

fn query<'a>(text: &str, tables: &Tables<'a>) -> Result<Query<'a>, Failure> {
    let parsed = parse(text).map_err(wrong)?;
    let parsed = parsed.first().ok_or_else(|| wrong("no statement"))?;
    Query::prepare(parsed, tables, &Defaults::default(), Limits::default()).map_err(wrong)
}

/// The tag index joined with a listing: from the last answer to the table.
fn joined(tables: &Tables<'_>) -> Result<(), Failure> {
    let found: Vec<Found> = (0..ROWS)
        .map(|number| Found {
            identifier: Identifier::single("VpcId", format!("vpc-{number}")),
            model: json!({"VpcId": format!("vpc-{number}")}),
        })
        .collect();
    let tagged: Vec<Tagged> = (0..ROWS)
        .map(|number| Tagged {
            arn: format!("arn:aws:ec2:us-east-1:123456789012:vpc/vpc-{}", number * 7 % (ROWS + 13)),
            tags: vec![("env".to_owned(), "dev".to_owned()), ("team".to_owned(), "shop".to_owned())],
        })
        .collect();
    let mut times = Vec::new();
    let mut rows = 0;
    for _ in 0..5 {
        let mut query = query(JOIN, tables)?;
        let answers: Vec<(FetchId, Answer)> = query
            .fetches()
            .into_iter()
            .map(|(id, fetch)| match fetch {
                Fetch::Tagged { .. } => (id, Answer::Tagged(tagged.clone())),
                _ => (id, Answer::Found(found.clone())),
            })
            .collect();
        let began = now();
        for (id, answer) in answers {
            query.supply(id, Ok(answer));
        }
        if !query.fetches().is_empty() {
            return Err(wrong("the join asks for more than two answers"));
        }
        rows = query.finish().map_err(wrong)?.rows.len();
        times.push(began.elapsed());
    }
    times.sort_unstable();
    let ms = |time: Option<&Duration>| time.map_or(0.0, |time| time.as_secs_f64() * 1e3);
    say(&format!(
        "join         {ROWS} tagged and {ROWS} listed to {rows} rows: {:.0} ms ({:.0} to {:.0}) after the last page",
        ms(times.get(times.len() / 2)),
        ms(times.first()),
        ms(times.last()),
    ));
    Ok(())
}

/// A listing, and a read of each resource.
fn read_one_by_one(tables: &Tables<'_>, page: usize) -> Result<(), Failure> {
    let cloud = Late { page };
    let query = query("SELECT name, value FROM aws.ssm.parameters WHERE region = 'us-east-1'", tables)?;
    let began = now();
    let table = asked(query, &cloud)?;
    let took = began.elapsed();
    if table.rows.len() != RESOURCES {
        return Err(wrong(table.rows.len()));
    }
    let calls = RESOURCES.div_ceil(page) + RESOURCES;
    let bound = LATENCY.as_secs_f64() * calls as f64 / CALLS as f64;
    say(&format!(
        "list, get    {RESOURCES} resources, pages of {page}, answers {} ms late, {CALLS} at a time: {:.2} s, {:+.1} % of the bound of {calls} calls, {bound:.2} s",
        LATENCY.as_millis(),
        took.as_secs_f64(),
        (took.as_secs_f64() / bound - 1.0) * 100.0,
    ));
    Ok(())
}

/// What a thread says.
enum Said {
    Page(FetchId, Vec<Found>),
    All(FetchId, Result<Answer, Refused>),
}

/// Asks with as many threads as there may be calls, as the program does with tasks.
fn asked(mut query: Query<'_>, cloud: &dyn Provider) -> Result<Table, Failure> {
    let (questions, taken) = mpsc::channel::<(FetchId, Fetch)>();
    let taken = &Mutex::new(taken);
    let (answers, given) = mpsc::channel();
    // The threads end with `questions`, however this ends.
    std::thread::scope(move |scope| {
        for _ in 0..CALLS {
            let answers = answers.clone();
            scope.spawn(move || {
                loop {
                    let question = taken.lock().map(|taken| taken.recv());
                    let Ok(Ok((id, fetch))) = question else { return };
                    // Nobody listens any more where the query has failed.
                    let mut shown = |page: &[Found]| drop(answers.send(Said::Page(id, page.to_vec())));
                    let result = at_once(answer_by_page(cloud, &fetch, &mut shown));
                    drop(answers.send(Said::All(id, result)));
                }
            });
        }
        let mut open = 0_usize;
        loop {
            for question in query.fetches() {
                open += 1;
                questions.send(question).map_err(wrong)?;
            }
            if open == 0 {
                break;
            }
            match given.recv().map_err(wrong)? {
                Said::Page(id, page) => query.supply_page(id, &page),
                Said::All(id, result) => {
                    open -= 1;
                    query.supply(id, result);
                }
            }
        }
        drop(questions);
        query.finish().map_err(wrong)
    })
}

/// The value of a future that waits inside of its thread.
fn at_once<T>(future: impl Future<Output = Result<T, Refused>>) -> Result<T, Refused> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(result) => result,
        Poll::Pending => Err(refused()),
    }
}

fn refused() -> Refused {
    Refused::new(FailureKind::Unsupported, "NotMeasured", "the measurement does not ask this")
}

/// A cloud with some parameters whose answers are late.
#[derive(Debug)]
struct Late {
    /// Resources of one page.
    page: usize,
}

impl Late {
    #[expect(clippy::disallowed_methods, reason = "real time of real threads")]
    fn wait() {
        std::thread::sleep(LATENCY);
    }

    fn parameter(number: usize) -> Found {
        let name = format!("/bench/{number}");
        let model = json!({"Name": name, "Type": "String", "Value": "value", "Description": "one of many"});
        Found { identifier: Identifier::single("Name", name), model }
    }
}

#[async_trait]
impl Provider for Late {
    async fn caller(&self, _: &Target) -> Result<Caller, Refused> {
        Ok(Caller { account: AccountId::new("123456789012"), arn: String::new() })
    }

    async fn read(&self, _: &Target, _: &TypeName, key: &Key) -> Result<Option<Found>, Refused> {
        Self::wait();
        let Key::Primary(identifier) = key else { return Err(refused()) };
        let text = identifier.to_string();
        let number = text.rsplit('/').next().and_then(|number| number.parse().ok());
        Ok(number.map(Self::parameter))
    }

    async fn list(
        &self,
        _: &Target,
        _: &TypeName,
        _: Option<&Json>,
        page: Option<&str>,
    ) -> Result<Page, Refused> {
        Self::wait();
        let from = page.and_then(|page| page.parse::<usize>().ok()).unwrap_or(0);
        let end = (from + self.page).min(RESOURCES);
        let next = (end < RESOURCES).then(|| end.to_string());
        Ok(Page { found: (from..end).map(Self::parameter).collect(), next })
    }

    async fn submit(&self, _: &Target, _: &Operation, _: &ClientToken) -> Result<Progress, Refused> {
        Err(refused())
    }

    async fn poll(&self, _: &Target, _: &RequestToken) -> Result<Progress, Refused> {
        Err(refused())
    }

    async fn cancel(&self, _: &Target, _: &RequestToken) -> Result<Progress, Refused> {
        Err(refused())
    }

    async fn requests(&self, _: &Target, _: bool, _: Option<&str>) -> Result<RequestPage, Refused> {
        Err(refused())
    }
}
