//! `--store`: the server that holds the vectors too.

use anyhow::{Result, bail};
use indicatif::ProgressBar;
use wardrobe::{Delivery, Wardrobe};

use crate::context::Context;
use crate::{output, progress};

/// Where vectors are kept beside the wardrobe's own database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Store {
    /// Nowhere.
    Sqlite,
    /// On the Chroma server at this address.
    Chroma(String),
}

/// What `--store` says.
pub fn parse(name: &str) -> Result<Store, String> {
    match name.strip_prefix("chroma:") {
        None if name == "sqlite" => Ok(Store::Sqlite),
        None => Err("expected sqlite, or chroma:URL as in chroma:http://localhost:8000".into()),
        Some(_) if cfg!(not(feature = "chroma")) => Err(
            "this program was built without Chroma: install protoc, then \
             `cargo install --path crates/cli --features chroma`"
                .into(),
        ),
        Some(url) => Ok(Store::Chroma(url.trim_end_matches('/').into())),
    }
}

/// Lets the server hold the wardrobe's vectors too.
#[cfg(feature = "chroma")]
pub fn connect(wardrobe: &mut Wardrobe, url: &str) -> Result<()> {
    use wardrobe::{ChromaOptions, ChromaStore};
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let usual = ChromaOptions::at(url);
    let options = ChromaOptions {
        token: variable("WARDROBE_CHROMA_TOKEN"),
        tenant: variable("WARDROBE_CHROMA_TENANT").unwrap_or(usual.tenant),
        database: variable("WARDROBE_CHROMA_DATABASE").unwrap_or(usual.database),
        ..usual
    };
    let name = format!("chroma:{url} {}/{}", options.tenant, options.database);
    let server = ChromaStore::new(options)?;
    Ok(wardrobe.mirror_to(&name, Box::new(server))?)
}

/// No such server is ever named: [`parse`] refuses it.
#[cfg(not(feature = "chroma"))]
pub fn connect(_: &mut Wardrobe, url: &str) -> Result<()> {
    bail!("this program was built without Chroma, and cannot reach {url}")
}

/// Sends the server what has changed; what it does not take is told and waits.
pub fn deliver(wardrobe: &Wardrobe, context: &Context) -> Result<()> {
    if let Some(delivery) = send(wardrobe, context)? {
        tell(&delivery, context);
    }
    Ok(())
}

/// The same before the server is asked: it must take everything.
pub fn deliver_before_asking(wardrobe: &Wardrobe, context: &Context) -> Result<()> {
    match send(wardrobe, context)? {
        Some(Delivery {
            error: Some(error), ..
        }) => bail!(error),
        _ => Ok(()),
    }
}

fn send(wardrobe: &Wardrobe, context: &Context) -> Result<Option<Delivery>> {
    let bar = progress::bar(context.quiet);
    let delivery = wardrobe.deliver(|done, total| follow(&bar, done, total));
    bar.finish_and_clear();
    Ok(delivery?)
}

/// Moves the bar to how many vectors are sent.
pub fn follow(bar: &ProgressBar, done: usize, total: usize) {
    progress::place(bar, done, total, "vectors sent".into());
}

/// Says what waits, and why.
pub fn tell(delivery: &Delivery, context: &Context) {
    if let Some(error) = &delivery.error {
        let waiting = delivery.waiting;
        let message = format!("warning: {waiting} vectors wait for the next time: {error}");
        context.note(message);
    } else if context.verbose && delivery.sent > 0 {
        output::to_stderr(format_args!("{} vectors sent", delivery.sent));
    }
}
