//! kube-rs' reflectors and controller, typed and dynamic: the replay server's widgets,
//! or the pods of a real one.
//!
//! Prints the JSON line that the Python benchmarks print.

mod meter;

use std::collections::HashSet;
use std::fmt::Debug;
use std::hash::Hash;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures::{StreamExt, TryStreamExt};
use k8s_openapi::api::core::v1::{Pod, PodSpec, PodStatus};
use kube::api::{Api, ApiResource, DynamicObject, GroupVersionKind};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::core::Object;
use kube::runtime::controller::{Action, Controller};
use kube::runtime::reflector::{self, ObjectRef, store::Writer};
use kube::runtime::watcher::{self, Event};
use kube::{Client, Config, Resource};
use meter::{Figures, Meter};

type Widget = Object<PodSpec, PodStatus>;
type Failure = Box<dyn std::error::Error + Send + Sync>;

struct Options {
    what: String,
    server: String,
    kubeconfig: String,
    resource: String,
    flavor: String,
    count: usize,
    events: usize,
    trigger: String,
}

fn options() -> Options {
    let mut words = std::env::args().skip(1);
    let what = words.next().expect("sync, storm or reconcile");
    let rest: Vec<String> = words.collect();
    let value = |name: &str| {
        rest.iter()
            .position(|word| word == name)
            .and_then(|place| rest.get(place + 1).cloned())
            .unwrap_or_default()
    };
    Options {
        what,
        server: value("--server"),
        kubeconfig: value("--kubeconfig"),
        resource: value("--resource"),
        flavor: value("--flavor"),
        count: value("--count").parse().expect("--count"),
        events: value("--events").parse().unwrap_or(0),
        trigger: value("--trigger"),
    }
}

async fn config(options: &Options) -> Result<Config, Failure> {
    if options.kubeconfig.is_empty() {
        return Ok(Config::new(options.server.parse()?));
    }
    let file = Kubeconfig::read_from(&options.kubeconfig)?;
    Ok(Config::from_custom_kubeconfig(file, &KubeConfigOptions::default()).await?)
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let options = options();
    let client = Client::try_from(config(&options).await?)?;
    let pods = options.resource == "pods.v1";
    let kind = if pods {
        ApiResource::erase::<Pod>(&())
    } else {
        ApiResource::from_gvk(&GroupVersionKind::gvk("bench.example.com", "v1", "Widget"))
    };
    match (options.flavor.as_str(), pods) {
        ("dynamic", _) => run::<DynamicObject>(options, client, kind).await,
        (_, true) => run::<Pod>(options, client, ()).await,
        (_, false) => run::<Widget>(options, client, kind).await,
    }
}

async fn run<K>(options: Options, client: Client, kind: K::DynamicType) -> Result<(), Failure>
where
    K: Resource + Clone + Debug + Send + Sync + 'static + serde::de::DeserializeOwned,
    K::DynamicType: Clone + Debug + Eq + Hash + Send + Sync + Unpin,
{
    let api: Api<K> = Api::all_with(client.clone(), &kind);
    if options.what == "reconcile" {
        return reconcile(options, api, kind).await;
    }
    let writer = Writer::<K>::new(kind.clone());
    let store = writer.as_reader();
    let before = meter::settled_mb();
    let started = Meter::start();
    let events = watcher::watcher(api, watcher::Config::default());
    let mut stream = reflector::reflector(writer, events).boxed();
    while let Some(event) = stream.try_next().await? {
        if matches!(event, Event::InitDone) {
            break;
        }
    }
    let (cpu, wall) = (started.cpu(), started.wall());
    let after = meter::settled_mb();
    let mut figures = Figures::synced(store.len(), cpu, wall, before, after);
    if options.what == "storm" {
        let mut queue = HashSet::new();
        let started = Meter::start();
        pull(&options, &client).await?;
        let mut seen = 0;
        while seen < options.events {
            if let Some(Event::Apply(object)) = stream.try_next().await? {
                queue.insert(ObjectRef::from_obj_with(&object, kind.clone()));
                seen += 1;
            }
        }
        let cpu = started.cpu();
        figures.add("events", seen as f64);
        figures.add("storm_wall_s", started.wall());
        figures.add("storm_cpu_s", cpu);
        figures.add("events_per_cpu_s", seen as f64 / cpu);
        figures.add("rss_storm_mb", meter::settled_mb());
    }
    figures.print();
    Ok(())
}

async fn pull(options: &Options, client: &Client) -> Result<(), Failure> {
    if !options.trigger.is_empty() {
        let request = http::Request::post(&options.trigger).body(Vec::new())?;
        client.request_text(request).await?;
    }
    Ok(())
}

async fn reconcile<K>(options: Options, api: Api<K>, kind: K::DynamicType) -> Result<(), Failure>
where
    K: Resource + Clone + Debug + Send + Sync + 'static + serde::de::DeserializeOwned,
    K::DynamicType: Clone + Debug + Eq + Hash + Send + Sync + Unpin,
{
    let done = Arc::new(AtomicUsize::new(0));
    let before = meter::settled_mb();
    let started = Meter::start();
    let controller = Controller::new_with(api, watcher::Config::default(), kind);
    let running = tokio::spawn(
        controller
            .run(
                |_object, done: Arc<AtomicUsize>| async move {
                    done.fetch_add(1, Ordering::Relaxed);
                    Ok::<Action, std::io::Error>(Action::await_change())
                },
                |_object, _error, _done| Action::await_change(),
                done.clone(),
            )
            .for_each(|_| async {}),
    );
    while done.load(Ordering::Relaxed) < options.count {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let (cpu, wall) = (started.cpu(), started.wall());
    let after = meter::settled_mb();
    let mut figures = Figures::synced(options.count, cpu, wall, before, after);
    figures.add("reconciles_per_cpu_s", options.count as f64 / cpu);
    figures.print();
    running.abort();
    Ok(())
}
