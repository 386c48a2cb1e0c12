//! `wardrobe data`

mod convert;
mod cut_paste;
mod kind;
mod outfits;
mod phone_like;
mod stats;
mod verify;

use std::path::PathBuf;

use anyhow::Result;

use self::kind::Kind;
use crate::context::Context;
use crate::failure::Status;

/// Prepare, check and describe data sets to train and measure on
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  wardrobe data prepare deepfashion2\n  wardrobe data prepare deepfashion2 --data deepfashion2 --out df2-small --subset 500\n  wardrobe data prepare cut-paste --data clothing --out made -n 20000 --preview sheet.png\n  wardrobe data prepare phone-like --data clothing --catalogue products --out phone\n  wardrobe data verify ccp --data ccp\n  wardrobe data verify polyvore --data polyvore\n  wardrobe data stats cut-paste --data made --json"
)]
pub struct Args {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, clap::Subcommand)]
enum Task {
    /// Make a data set ready to train on, or say how to get it
    #[command(
        subcommand,
        after_help = "Examples:\n  wardrobe data prepare deepfashion2\n  wardrobe data prepare ccp --data ccp --out ccp-yolo"
    )]
    Prepare(Prepare),
    /// Read everything, every photo to its last pixel, and list what is wrong
    #[command(after_help = "Example:\n  wardrobe data verify ccp --data ccp")]
    Verify(DataSet),
    /// Count photos, boxes and labels
    #[command(after_help = "Example:\n  wardrobe data stats imagefolder --data clothing --json")]
    Stats(DataSet),
}

#[derive(Debug, clap::Subcommand)]
enum Prepare {
    /// DeepFashion2 to YOLO's layout; without --data, how to get it
    #[command(
        after_help = "Examples:\n  wardrobe data prepare deepfashion2\n  wardrobe data prepare deepfashion2 --data deepfashion2 --out df2-small --subset 500"
    )]
    Deepfashion2(convert::Args),
    /// Clothing Co-Parsing's street photos to YOLO's layout; without --data, how to get them
    #[command(after_help = "Example:\n  wardrobe data prepare ccp --data ccp --out ccp-yolo")]
    Ccp(convert::Args),
    /// Photos of one garment each in a folder a label: how to lay them out
    #[command(after_help = "Example:\n  wardrobe data prepare imagefolder")]
    Imagefolder,
    /// The catalogue photos (Fashion Product Images): how to get them and lay them out
    #[command(after_help = "Example:\n  wardrobe data prepare fashion-products")]
    FashionProducts,
    /// iMaterialist (Fashion) 2018, photos with 228 labels: how to get it and lay it out
    #[command(after_help = "Example:\n  wardrobe data prepare imaterialist")]
    Imaterialist,
    /// Fashionpedia, street photos with boxes and 294 attributes: how to get it and lay it out
    #[command(after_help = "Example:\n  wardrobe data prepare fashionpedia")]
    Fashionpedia,
    /// Outfits from polyvore.com, two editions: how to get them and lay them out
    #[command(after_help = "Example:\n  wardrobe data prepare polyvore")]
    Polyvore,
    CutPaste(cut_paste::Args),
    PhoneLike(phone_like::Args),
}

#[derive(Debug, clap::Args)]
struct DataSet {
    /// Which kind of data set it is
    #[arg(value_enum, value_name = "DATASET")]
    kind: Kind,
    /// Where it is
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
}

pub fn run(args: Args, context: &Context) -> Result<Status> {
    match args.task {
        Task::Prepare(Prepare::Deepfashion2(args)) => {
            convert::run(Kind::Deepfashion2, args, context)
        }
        Task::Prepare(Prepare::Ccp(args)) => convert::run(Kind::Ccp, args, context),
        Task::Prepare(Prepare::Imagefolder) => Kind::Imagefolder.tell(context),
        Task::Prepare(Prepare::FashionProducts) => Kind::FashionProducts.tell(context),
        Task::Prepare(Prepare::Imaterialist) => Kind::Imaterialist.tell(context),
        Task::Prepare(Prepare::Fashionpedia) => Kind::Fashionpedia.tell(context),
        Task::Prepare(Prepare::Polyvore) => Kind::Polyvore.tell(context),
        Task::Prepare(Prepare::CutPaste(args)) => cut_paste::run(args, context),
        Task::Prepare(Prepare::PhoneLike(args)) => phone_like::run(args, context),
        Task::Verify(DataSet {
            kind: Kind::Polyvore,
            data,
        }) => outfits::verify(&data, context),
        Task::Stats(DataSet {
            kind: Kind::Polyvore,
            data,
        }) => outfits::stats(&data, context),
        Task::Verify(DataSet { kind, data }) => verify::run(kind, &data, context),
        Task::Stats(DataSet { kind, data }) => stats::run(kind, &data, context),
    }
}
