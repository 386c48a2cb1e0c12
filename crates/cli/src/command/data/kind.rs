//! The data sets that are known, and how to get them.

use anyhow::Result;
use clap::ValueEnum;
use serde::Serialize;

use crate::context::Context;
use crate::failure::Status;

/// A data set, by the name people know it by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// DeepFashion2: 491,000 photos, boxes of 13 classes
    Deepfashion2,
    /// Clothing Co-Parsing: street photos with boxes, as COCO's JSON
    Ccp,
    /// What `data prepare cut-paste` made, or any YOLO folder
    CutPaste,
    /// A folder of photos for each label
    Imagefolder,
    /// Fashion Product Images: styles.csv and images/
    FashionProducts,
    /// iMaterialist (Fashion) 2018: a million photos with 228 labels
    Imaterialist,
    /// Fashionpedia: street photos with boxes and 294 attributes, as COCO's JSON
    Fashionpedia,
    /// Outfits: the Maryland Polyvore lists, or Polyvore Outfits
    Polyvore,
}

/// What a data set says of its photos.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Content {
    /// A box around each garment, with its class.
    Boxes,
    /// A category each.
    Labels,
    /// What garments are like: patterns, fits, styles.
    Tags,
}

#[derive(Serialize)]
struct Instructions {
    dataset: Kind,
    instructions: &'static str,
}

impl Kind {
    /// What it says of its photos.
    pub fn content(self) -> Content {
        match self {
            Self::Deepfashion2 | Self::Ccp | Self::CutPaste => Content::Boxes,
            // Outfits have commands of their own.
            Self::Imagefolder | Self::FashionProducts | Self::Polyvore => Content::Labels,
            Self::Imaterialist | Self::Fashionpedia => Content::Tags,
        }
    }

    /// Prints how to get it.
    pub fn tell(self, context: &Context) -> Result<Status> {
        let instructions = self.instructions();
        let document = Instructions {
            dataset: self,
            instructions,
        };
        context.out.answer(&document, || instructions)?;
        Ok(Status::Done)
    }

    fn instructions(self) -> &'static str {
        match self {
            Self::Deepfashion2 => {
                "DeepFashion2 is free for research, after registration.\n\
                 \n\
                 1. Fill in the form that https://github.com/switchablenorms/DeepFashion2 links to; the password comes by mail.\n\
                 2. Download train.zip and validation.zip from there, and unpack both with the password into one folder:\n\
                 \x20     deepfashion2/train/image/000001.jpg       deepfashion2/train/annos/000001.json\n\
                 \x20     deepfashion2/validation/image/...         deepfashion2/validation/annos/...\n\
                 3. Check it:     wardrobe data verify deepfashion2 --data deepfashion2\n\
                 4. Train on it:  wardrobe train detect --data deepfashion2 --out runs/detector\n\
                 \x20  It is read as it is. For other programs, or for a small part to try things on:\n\
                 \x20     wardrobe data prepare deepfashion2 --data deepfashion2 --out df2-small --subset 500\n\
                 \n\
                 Its 13 classes become the detector's: tops, outerwear, dresses, skirts, trousers and shorts."
            }
            Self::Ccp => {
                "Clothing Co-Parsing: street photos of people, from https://github.com/bearpaw/clothing-co-parsing.\n\
                 \n\
                 Its pixel masks have to be made boxes first, as COCO's JSON with a detector class as each category's\n\
                 supercategory (top, outerwear, dress, skirt, trousers, shorts, shoes, bag, hat):\n\
                 \x20     ccp/annotations_train.json   ccp/annotations_val.json   ccp/photos/0001.jpg\n\
                 Check it:  wardrobe data verify ccp --data ccp\n\
                 Garments as they are worn, for the classifier:  wardrobe eval classify --data ccp"
            }
            Self::CutPaste => {
                "Pictures composed from photos of one garment each:\n\
                 \x20     wardrobe data prepare cut-paste --data clothing --out made"
            }
            Self::Imagefolder => {
                "Photos of one garment each, in a folder for each label:\n\
                 \x20     clothing/train/t-shirt/1.jpg   clothing/train/pants/2.jpg   clothing/val/...\n\
                 Labels are categories of the taxonomy or those of the public clothing photos (CC0):\n\
                 https://github.com/alexeygrigorev/clothing-dataset\n\
                 Check it:     wardrobe data verify imagefolder --data clothing\n\
                 Train on it:  wardrobe train classify --data clothing --out runs/first"
            }
            Self::FashionProducts => {
                "Fashion Product Images (small), 44,000 catalogue photos, from Kaggle with an account:\n\
                 https://www.kaggle.com/datasets/paramaggarwal/fashion-product-images-small\n\
                 Unpack it so that the table lies beside the photos, and keep a part aside to measure on:\n\
                 \x20     products/styles_train.csv   products/styles_val.csv   products/images/1163.jpg\n\
                 Check it:      wardrobe data verify fashion-products --data products\n\
                 Measure on it: wardrobe eval colors --data products\n\
                 As phones would show them, on the grounds of photos taken at home:\n\
                 \x20     wardrobe data prepare phone-like --data clothing --catalogue products --out phone"
            }
            Self::Imaterialist => {
                "iMaterialist (Fashion) 2018: a million shop photos with 228 labels in 8 groups (category, color, gender,\n\
                 material, neckline, pattern, sleeve, style). Free to download; read the challenge's rules first.\n\
                 \n\
                 1. Download train.json and val.json from https://github.com/visipedia/imat_fashion_comp, or train.json and\n\
                 \x20  validation.json with a Kaggle account from\n\
                 \x20  https://www.kaggle.com/c/imaterialist-challenge-fashion-2018/data\n\
                 2. They hold addresses, not photos. Each part numbers its photos from 1, so download each into its own folder,\n\
                 \x20  for example with jq and curl:\n\
                 \x20     cd imaterialist\n\
                 \x20     jq -r '.images[] | \"url = \\([.url] | flatten[0])\\noutput = images/train/\\(.imageId).jpg\"' train.json |\n\
                 \x20       curl --parallel --create-dirs --fail --silent --config -\n\
                 \x20  and the same for images/val. A part of the photos is enough: those that are not there are counted.\n\
                 3. Check it:  wardrobe data verify imaterialist --data imaterialist\n\
                 \x20  Count it:  wardrobe data stats imaterialist --data imaterialist\n\
                 \n\
                 Patterns, a few fits, and styles and formality where a category or style says so, become the tagger's; the\n\
                 other labels are counted."
            }
            Self::Fashionpedia => {
                "Fashionpedia: 48,000 street and event photos, boxes around garments and 294 attributes, for research; see\n\
                 https://fashionpedia.github.io/home for the terms.\n\
                 \n\
                 1. Download train2020.zip, val_test2020.zip, instances_attributes_train2020.json and\n\
                 \x20  instances_attributes_val2020.json by the links of https://github.com/cvdfoundation/fashionpedia\n\
                 2. Unpack both archives beside the two files:\n\
                 \x20     fashionpedia/instances_attributes_train2020.json   fashionpedia/train/0a1b2c.jpg\n\
                 \x20     fashionpedia/instances_attributes_val2020.json     fashionpedia/test/3d4e5f.jpg\n\
                 3. Check it:  wardrobe data verify fashionpedia --data fashionpedia\n\
                 \x20  Count it:  wardrobe data stats fashionpedia --data fashionpedia\n\
                 \n\
                 Fits and patterns become the tagger's; lengths, necklines, sleeves and the like are counted. Other sets in\n\
                 COCO's JSON with attributes are read too: annotations_train.json, annotations_val.json and images/."
            }
            Self::Polyvore => {
                "Outfits that people put together on polyvore.com, in either of two editions. No licence is stated: for research.\n\
                 \n\
                 Maryland Polyvore (Han et al. 2017), 21,889 outfits:\n\
                 1. Download polyvore.tar.gz from https://github.com/xthan/polyvore-dataset, and its pictures from where that page says.\n\
                 2. Unpack both into one folder:\n\
                 \x20     polyvore/train_no_dup.json   polyvore/valid_no_dup.json   polyvore/test_no_dup.json   polyvore/category_id.txt\n\
                 \x20     polyvore/fill_in_blank_test.json   polyvore/fashion_compatibility_prediction.txt\n\
                 \x20     polyvore/images/SETID/INDEX.jpg (may be missing: a garment is its class alone then)\n\
                 \n\
                 Polyvore Outfits (Vasileva et al. 2018), 68,306 outfits:\n\
                 1. Download polyvore_outfits.zip from where https://github.com/mvasil/fashion-compatibility says.\n\
                 2. Unpack it:\n\
                 \x20     polyvore_outfits/polyvore_item_metadata.json   polyvore_outfits/images/ITEMID.jpg\n\
                 \x20     polyvore_outfits/disjoint/{train,valid,test}.json, fill_in_blank_*.json, compatibility_*.txt\n\
                 \x20     polyvore_outfits/nondisjoint/...\n\
                 \x20  Name the folder of a split to choose it; the folder above means the disjoint one. That one leaks as it is\n\
                 \x20  shipped: `data verify` counts the items that are in two parts.\n\
                 \n\
                 Check it:      wardrobe data verify polyvore --data polyvore\n\
                 Train on it:   wardrobe train compat --config config/compat.toml --data polyvore --out runs/compat\n\
                 Measure on it: wardrobe eval compat --data polyvore --weights runs/compat/best.safetensors"
            }
        }
    }
}
