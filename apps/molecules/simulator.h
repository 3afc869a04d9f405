#pragma once

#include <array>
#include <stdexcept>
#include <vector>

namespace sylvite::apps {

/// Numbers by atom, x of all atoms first: (atoms, 3).
using Coordinates = std::vector<float>;

/// What atoms there are and how they are simulated; units are those of molecules.h.
struct World {
    int atoms = 1000;
    float side = 10.77f;  ///< of the cube
    float epsilon = 1, sigma = 1;
    float cutoff = 2.5f;  ///< at most half the side
    float skin = 0.5f;    ///< lists reach farther than the cutoff by this
    int every = 16;       ///< steps that are made with one list, at most
    float step_length = 0.004f;
    float friction = 0, temperature = 0;  ///< of a bath; without friction there is none
    int seed = 0;                         ///< of the bath
};

struct Motions {
    Coordinates place, velocity;
};

/// What steps come to.
struct Course {
    Motions end;
    double potential_energy = 0, kinetic_energy = 0;  ///< at the end
    double loss = 0;                                  ///< mean square of the distance from where atoms were seen
};

/// Derivatives of a loss.
struct Slopes {
    float epsilon = 0, sigma = 0;
    Motions start;
};

/// Lists of neighbours: `found` (atoms, 1 + room) as Neighbours of forces.h has them.
struct Lists {
    int room = 0, longest = 0;
    std::vector<int> found;
};

/// Atoms move too far in one step.
struct TooFast : std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// The compiled programs for one world. A run in which lists turn out to be too small, or too old, which is where an atom
/// has moved by more than half the skin, is made again with larger ones, or with more of them. All throw
/// std::runtime_error, with the library's message, or TooFast.
class Simulator {
public:
    /// Throws std::runtime_error for sizes that make no sense.
    explicit Simulator(const World &world);

    const World &world() const { return world_; }

    /// `steps` steps from `start`; `before` is how many were made before, for the bath.
    Course run(const Motions &start, int steps, int before = 0);
    /// Atoms that were `seen` somewhere after `steps` steps, and the derivatives of the loss; there must be no bath.
    Course run(const Motions &start, int steps, const Coordinates &seen, Slopes &slopes);
    Lists lists(const Coordinates &place);
    /// The energy, and into `field` (atoms, 4) the forces and twice the energy of each atom.
    double energy(const Coordinates &place, const Lists &lists, std::vector<float> &field) const;

private:
    World world_;
    int cells_, cell_room_ = 0, list_room_ = 0;

    template<typename Run>
    void with_room(const Coordinates &place, const Run &run);
};

}  // namespace sylvite::apps
