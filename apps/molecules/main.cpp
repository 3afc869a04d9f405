// Atoms that attract and repel one another: simulated, their potential found, their clusters. See README.md.

#include "apps/molecules/cluster.h"
#include "apps/molecules/pictures.h"
#include "apps/molecules/start.h"
#include "apps/support/command_line.h"
#include "apps/support/progress.h"
#include "apps/support/text.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace sylvite::apps {

namespace {

struct Options {
    std::string what = "simulate";
    World world;
    double density = 0.8;      // atoms in a cube of side sigma
    float temperature = 0.7f;  // at first, and of the bath
    int steps = 2000, frames = 5, film = 60;
    float epsilon = 0.8f, sigma = 0.97f;  // what the search begins with
    int iterations = 30, starts = 200;
};

/// What is printed at the end, and the files.
struct Outcome {
    std::string text;
    std::map<std::string, std::string> files;
};

/// Steps from a lattice that melts; the film is shown at equal distances.
Outcome simulate(const Options &options, const CommandLine &command) {
    const World &world = options.world;
    Simulator simulator(world);
    command.begin();
    Motions now = on_lattice(world.atoms, world.side, 0.05f, options.temperature, world.seed);
    Film film;
    const auto note = [&](int step, const Course &course) {
        film.times.push_back(double(step) * world.step_length);
        film.potential_energy.push_back(course.potential_energy / world.atoms);
        film.kinetic_energy.push_back(course.kinetic_energy / world.atoms);
    };
    // A few lists at a time, in which the energy is looked at and the program can be ended.
    const int stretch = 2 * world.every;
    int done = 0;
    {
        Progress progress(options.steps, command.quiet());
        // A moment of `count` in all, where it is due; the last one in any case.
        const auto keep = [&](std::vector<Motions> &moments, int count) {
            const int64_t due = count > 1 ? 1 + int64_t(done) * (count - 1) / options.steps : count;
            if (int64_t(moments.size()) < due || (done == options.steps && count > 1)) {
                moments.push_back(now);
            }
        };
        note(0, simulator.run(now, 0));
        keep(film.moments, options.frames);
        keep(film.shown, options.film);
        while (done < options.steps && !interrupted()) {
            const int steps = std::min(stretch, options.steps - done);
            const Course course = simulator.run(now, steps, done);
            now = course.end;
            done += steps;
            note(done, course);
            keep(film.moments, options.frames);
            keep(film.shown, options.film);
            progress.update(done, text_of("%.1f tau, energy of an atom %.5f", film.times.back(),
                                          film.potential_energy.back() + film.kinetic_energy.back()));
        }
    }
    const auto total = [&](size_t i) { return film.potential_energy[i] + film.kinetic_energy[i]; };
    return {text_of("energy of an atom %.6f -> %.6f, temperature %.4f after %d steps", total(0),
                    total(film.times.size() - 1), film.kinetic_energy.back() / 1.5, done),
            film_files(world, film)};
}

/// Where atoms are seen after some steps tells which potential moves them.
Outcome fit(const Options &options, const CommandLine &command) {
    World truth = options.world;
    truth.friction = 0;
    const Motions start = on_lattice(truth.atoms, truth.side, 0.05f, options.temperature, truth.seed);
    Simulator simulator(truth);
    command.begin();
    const Coordinates seen = simulator.run(start, options.steps).end.place;
    Minimum found;
    bool is_begun = false;
    {
        Progress progress(options.iterations, command.quiet());
        found = minimise(
            {options.epsilon, options.sigma},
            [&](const Point &at, Point &gradient) {
                World world = truth;
                world.epsilon = at[0], world.sigma = at[1];
                try {
                    Slopes slopes;
                    const double loss = Simulator(world).run(start, options.steps, seen, slopes).loss;
                    gradient = {slopes.epsilon, slopes.sigma};
                    is_begun = true;
                    return loss;
                } catch (const TooFast &) {
                    if (is_begun) {
                        return double(INFINITY);  // the search looks nearer
                    }
                    throw;
                }
            },
            {.evaluations = options.iterations, .first_rate = 0.1},
            [&](const std::vector<double> &losses) {
                progress.update(static_cast<int>(losses.size()), text_of("loss %.3g", losses.back()));
                return !interrupted();
            });
    }
    return {text_of("loss %.4g -> %.4g in %zu iterations, epsilon %.5f, sigma %.5f", found.losses.front(),
                    found.losses.back(), found.losses.size(), found.point[0], found.point[1]),
            fit_files(truth, start, seen, found.losses)};
}

Outcome cluster(const Options &options, const CommandLine &command) {
    if (options.world.atoms > largest_cluster) {
        throw std::runtime_error(
            text_of("--atoms is at most %d in a cluster; it is %d", largest_cluster, options.world.atoms));
    }
    command.begin();
    Progress progress(options.starts, command.quiet());
    const Minimum found = lowest_cluster(
        options.world.atoms, options.starts,
        [&](int done, double lowest) {
            progress.update(done, text_of("lowest energy %.6f", lowest));
            return !interrupted();
        },
        [] { return !interrupted(); });
    return {text_of("energy %.6f of %d atoms", found.losses.back(), options.world.atoms), cluster_files(found.point)};
}

struct Task {
    Outcome (*run)(const Options &options, const CommandLine &command);
    int atoms, steps;  // where none are given
    std::vector<std::string> unheeded;
};
const std::map<std::string, Task> tasks = {
    {"simulate", {simulate, 1000, 2000, {"--epsilon", "--sigma", "--iterations", "--starts"}}},
    {"fit", {fit, 1000, 50, {"--friction", "--starts", "--frames", "--film"}}},
    {"cluster",
     {cluster,
      38,
      0,
      {"--density", "--temperature", "--friction", "--step", "--steps", "--cutoff", "--skin", "--every", "--epsilon",
       "--sigma", "--iterations", "--seed", "--frames", "--film"}}},
};

Result run(Options options, const CommandLine &command) {
    const Task &task = tasks.at(options.what);
    command.need_not_given(task.unheeded, options.what);
    World &world = options.world;
    world.atoms = world.atoms > 0 ? world.atoms : task.atoms;
    options.steps = options.steps > 0 ? options.steps : task.steps;
    world.side = static_cast<float>(std::cbrt(world.atoms / options.density));
    world.temperature = options.temperature;
    const auto start = std::chrono::steady_clock::now();
    const Outcome outcome = task.run(options, command);
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    return {outcome.text, seconds.count(), outcome.files};
}

}  // namespace

}  // namespace sylvite::apps

int main(int argc, char **argv) {
    sylvite::apps::Options options;
    sylvite::apps::World &world = options.world;
    world.atoms = 0, options.steps = 0;
    sylvite::apps::CommandLine command(
        "molecules",
        "Lennard-Jones atoms in a periodic cube: simulates them, finds their potential from where they are seen, "
        "or finds the cluster of lowest energy.",
        "molecules-results");
    CLI::App &app = command.options();
    app.add_option("what", options.what, "what is done")
        ->check(CLI::IsMember({"simulate", "fit", "cluster"}))
        ->capture_default_str();
    app.add_option("--atoms", world.atoms, "how many; by default 1000, and 38 in a cluster")
        ->check(CLI::Range(2, 1000000));
    app.add_option("--density", options.density, "atoms in a cube of side sigma")
        ->check(CLI::Range(0.001, 1.5))
        ->capture_default_str();
    app.add_option("--temperature", options.temperature, "of the velocities at first, and of the bath, in epsilon")
        ->check(CLI::Range(0.0, 100.0))
        ->capture_default_str();
    app.add_option("--friction", world.friction, "of a Langevin bath, in 1/tau; without friction energy is kept")
        ->check(CLI::Range(0.0, 1000.0))
        ->capture_default_str();
    app.add_option("--step", world.step_length, "length of a time step, in tau")
        ->check(CLI::Range(1e-6, 0.1))
        ->capture_default_str();
    app.add_option("--steps", options.steps, "how many; by default 2000, and 50 in a fit")
        ->check(CLI::Range(1, 10000000));
    app.add_option("--cutoff", world.cutoff, "distance in sigma beyond which atoms do not act on one another")
        ->check(CLI::Range(1.2, 10.0))
        ->capture_default_str();
    app.add_option("--skin", world.skin, "how much farther lists of neighbours reach")
        ->check(CLI::Range(0.01, 5.0))
        ->capture_default_str();
    app.add_option("--every", world.every, "steps that are made with one list, at most")
        ->check(CLI::Range(1, 1000))
        ->capture_default_str();
    app.add_option("--epsilon", options.epsilon, "that the fit begins with; the truth is 1")
        ->check(CLI::Range(0.01, 100.0))
        ->capture_default_str();
    app.add_option("--sigma", options.sigma, "that the fit begins with; the truth is 1")
        ->check(CLI::Range(0.5, 1.2))
        ->capture_default_str();
    app.add_option("--iterations", options.iterations, "how often the fit evaluates the gradient")
        ->check(CLI::Range(1, 100000))
        ->capture_default_str();
    app.add_option("--starts", options.starts, "from how many places the cluster is sought")
        ->check(CLI::Range(1, 1000000))
        ->capture_default_str();
    app.add_option("--seed", world.seed, "of places and velocities at first, and of the bath")
        ->check(CLI::Range(0, std::numeric_limits<int>::max()))
        ->capture_default_str();
    app.add_option("--frames", options.frames, "how many moments the strip of pictures shows")
        ->check(CLI::Range(1, 100))
        ->capture_default_str();
    app.add_option("--film", options.film, "how many pictures the animated one has, at most; 0 for none")
        ->check(CLI::Range(0, 10000))
        ->capture_default_str();
    return command.run(argc, argv, [&] { return sylvite::apps::run(options, command); });
}
