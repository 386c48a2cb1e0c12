//! tmp
use wardrobe_train::{data::Dataset, evaluate};
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let a: Vec<String> = std::env::args().collect();
    let mut w = wardrobe_weights::Tensors::load(&a[1])?;
    let data = Dataset::for_evaluation(a[2].as_ref())?;
    for s in &a[3..] {
        let t = w.metadata.get_mut("config").unwrap();
        let mut v: serde_json::Value = serde_json::from_str(t)?;
        v["preprocess"]["geometry"]["width"] = s.parse::<u32>()?.into();
        v["preprocess"]["geometry"]["height"] = s.parse::<u32>()?.into();
        *t = v.to_string();
        let c = wardrobe_classify::Classifier::new(&w, &candle_core::Device::Cpu)?;
        let r = evaluate::classify::classify(&c, &data, &mut |_| ())?;
        println!("{s}: {:?} n {} {:?}", r.metrics, r.n, r.confused);
    }
    Ok(())
}
